// Reads values off charts, sorts and searches tables, shows one home's day, and switches colours. Nothing here is needed to
// see the report: tables and charts of the whole fleet are in the page. Text is only ever set as text.
(function () {
  "use strict";
  var root = document.documentElement;
  var data = JSON.parse(document.getElementById("data").textContent);
  root.classList.add("scripted");

  function all(selector, within) { return Array.prototype.slice.call((within || document).querySelectorAll(selector)); }
  function make(tag, css, words) {
    var element = document.createElement(tag);
    if (css) element.className = css;
    if (words !== undefined) element.textContent = words;
    return element;
  }
  function shown(value, digits) {
    var words = Math.abs(value).toLocaleString("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits });
    return (value < 0 && /[1-9]/.test(words) ? "\u2212" : "") + words;
  }

  // Colours: as the system, light, dark.
  var toggle = document.querySelector("[data-theme-toggle]");
  var themes = ["auto", "light", "dark"];
  var theme = "auto";
  try { theme = localStorage.getItem("gridpact-theme") || "auto"; } catch (refused) { theme = "auto"; }
  function paint() {
    if (themes.indexOf(theme) < 1) { theme = "auto"; root.removeAttribute("data-theme"); } else root.setAttribute("data-theme", theme);
    toggle.querySelector("span").textContent = theme.charAt(0).toUpperCase() + theme.slice(1);
    toggle.setAttribute("aria-label", "Colours: " + (theme === "auto" ? "as the system" : theme));
  }
  toggle.addEventListener("click", function () {
    theme = themes[(themes.indexOf(theme) + 1) % 3];
    try { localStorage.setItem("gridpact-theme", theme); } catch (refused) { /* a page from a file may not store */ }
    paint();
  });
  paint();

  // Colour of the supply stack: by kind of owner or by devices.
  all(".picker input").forEach(function (input) {
    input.addEventListener("change", function () { input.closest(".stack").dataset.colour = input.value; });
  });

  // Where the reader is.
  if ("IntersectionObserver" in window) {
    var links = {};
    all("nav a").forEach(function (link) { links[link.hash.slice(1)] = link; });
    var watch = new IntersectionObserver(function (entries) {
      entries.forEach(function (entry) {
        if (!entry.isIntersecting) return;
        all("nav a[aria-current]").forEach(function (link) { link.removeAttribute("aria-current"); });
        links[entry.target.id].setAttribute("aria-current", "true");
      });
    }, { rootMargin: "-15% 0px -75% 0px" });
    all("main section").forEach(function (section) { watch.observe(section); });
  }

  // Folds are open on paper.
  var opened = [];
  window.addEventListener("beforeprint", function () {
    opened = all("details:not([open])");
    opened.forEach(function (fold) { fold.open = true; });
  });
  window.addEventListener("afterprint", function () { opened.forEach(function (fold) { fold.open = false; }); });

  // Reading values: a tip at the pointer, and every chart as a slider for the keyboard.
  var tip = make("div", "tip");
  tip.hidden = true;
  tip.setAttribute("aria-hidden", "true");
  document.body.appendChild(tip);
  function place(words, x, y) {
    tip.textContent = words;
    tip.hidden = false;
    var box = tip.getBoundingClientRect();
    var left = x + 14 + box.width > root.clientWidth - 8 ? x - 14 - box.width : x + 14;
    var top = y - box.height - 12 < 8 ? y + 18 : y - box.height - 12;
    tip.style.left = Math.max(8, Math.min(left, root.clientWidth - box.width - 8)) + "px";
    tip.style.top = top + "px";
  }

  var follow = null; // puts the tip back where a value read by key is, while the page scrolls

  var person = null;
  function seriesOf(key) {
    var found = (person === null ? data.day.fleet : data.day.homes[person].s)[key] || {};
    var whole = {};
    Object.keys(found).forEach(function (name) { whole[name] = typeof found[name] === "string" ? found[found[name]] : found[name]; });
    return whole;
  }

  function timeReader(plot) {
    var key = plot.dataset.chart, meta = data.day.charts[key], svg = plot.querySelector(".plot-svg");
    var cross = document.createElementNS("http://www.w3.org/2000/svg", "line");
    cross.setAttribute("class", "cross");
    cross.setAttribute("y1", 0);
    cross.setAttribute("y2", "100%");
    cross.style.display = "none";
    svg.appendChild(cross);
    var count = data.day.clock.length - (meta.bounds ? 0 : 1);
    var span = data.day.clock.length - 1;
    return {
      count: count,
      at: function (x, box) {
        var hour = (x - box.left) / box.width * span;
        return Math.max(0, Math.min(count - 1, meta.bounds ? Math.round(hour) : Math.floor(hour)));
      },
      x: function (index) { return (index + (meta.bounds ? 0 : 0.5)) / span; },
      text: function (index) {
        var series = seriesOf(key);
        var lines = Object.keys(meta.words).filter(function (name) { return series[name] && series[name][index] !== null; });
        return [data.day.clock[index]].concat(lines.map(function (name) {
          return meta.words[name].split(" (")[0] + ": " + shown(series[name][index] / 100, 2) + " " + meta.unit;
        })).join("\n");
      },
      show: function (index) {
        var across = 100 * this.x(index) + "%";
        cross.setAttribute("x1", across);
        cross.setAttribute("x2", across);
        cross.style.display = "";
      },
      hide: function () { cross.style.display = "none"; }
    };
  }

  function markReader(plot) {
    var marks = all("[data-t]", plot.querySelector(".plot-svg"));
    var boxes = null, lit = null;
    function measured() {
      if (boxes) return boxes;
      boxes = marks.map(function (mark) {
        var box = mark.getBoundingClientRect();
        return { mark: mark, x: (box.left + box.right) / 2 + window.scrollX, box: box, top: box.top + window.scrollY };
      }).sort(function (a, b) { return a.x - b.x || a.top - b.top; });
      return boxes;
    }
    window.addEventListener("resize", function () { boxes = null; });
    return {
      count: marks.length,
      forget: function () { boxes = null; },
      at: function (x, box, y) {
        var best = 0, least = Infinity;
        measured().forEach(function (each, index) {
          var left = each.x - each.box.width / 2 - window.scrollX, top = each.top - window.scrollY;
          var across = Math.max(left - x, x - left - each.box.width, 0), down = Math.max(top - y, y - top - each.box.height, 0);
          var far = across * 3 + down + Math.min(each.box.width * each.box.height, 1e5) * 1e-5;
          if (far < least) { least = far; best = index; }
        });
        return best;
      },
      x: function (index, box) { return (measured()[index].x - window.scrollX - box.left) / box.width; },
      text: function (index) { return measured()[index].mark.dataset.t; },
      show: function (index) { this.hide(); lit = measured()[index].mark; lit.classList.add("on"); },
      hide: function () { if (lit) lit.classList.remove("on"); lit = null; }
    };
  }

  all(".plot").forEach(function (plot) {
    var svg = plot.querySelector(".plot-svg");
    var reader = plot.dataset.chart ? timeReader(plot) : markReader(plot);
    if (!reader.count) return;
    var index = 0;
    plot.setAttribute("role", "slider");
    plot.setAttribute("aria-roledescription", "chart");
    plot.setAttribute("aria-valuemin", 0);
    plot.setAttribute("aria-valuemax", reader.count - 1);
    plot.tabIndex = 0;
    function read(next, x, y) {
      index = Math.max(0, Math.min(reader.count - 1, next));
      var box = svg.getBoundingClientRect(), words = reader.text(index);
      reader.show(index);
      plot.setAttribute("aria-valuenow", index);
      plot.setAttribute("aria-valuetext", words.replace(/\n/g, "; "));
      follow = x === undefined ? function () {
        var now = svg.getBoundingClientRect();
        place(words, now.left + reader.x(index, now) * now.width, now.top + 30);
      } : null;
      place(words, x === undefined ? box.left + reader.x(index, box) * box.width : x, y === undefined ? box.top + 30 : y);
    }
    function leave() { reader.hide(); tip.hidden = true; follow = null; }
    plot.setAttribute("aria-valuenow", 0);
    plot.setAttribute("aria-valuetext", "arrow keys read the values");
    plot.addEventListener("pointerenter", function () { if (reader.forget) reader.forget(); });
    ["pointermove", "pointerdown"].forEach(function (kind) {
      plot.addEventListener(kind, function (event) {
        read(reader.at(event.clientX, svg.getBoundingClientRect(), event.clientY), event.clientX, event.clientY);
      });
    });
    plot.addEventListener("pointerleave", leave);
    plot.addEventListener("blur", leave);
    plot.addEventListener("keydown", function (event) {
      var leap = Math.max(1, Math.round(reader.count / 10));
      var next = { ArrowRight: index + 1, ArrowUp: index + 1, ArrowLeft: index - 1, ArrowDown: index - 1, Home: 0, End: reader.count - 1, PageUp: index + leap, PageDown: index - leap }[event.key];
      if (event.key === "Escape") leave();
      if (next === undefined) return;
      event.preventDefault();
      if (reader.forget) reader.forget();
      read(next);
    });
  });
  all(".marks").forEach(function (marks) {
    marks.addEventListener("pointermove", function (event) {
      var mark = event.target.closest("[data-t]");
      if (mark) place(mark.dataset.t, event.clientX, event.clientY); else tip.hidden = true;
    });
    marks.addEventListener("pointerdown", function (event) {
      var mark = event.target.closest("[data-t]");
      if (mark) place(mark.dataset.t, event.clientX, event.clientY);
    });
    marks.addEventListener("pointerleave", function () { tip.hidden = true; });
  });
  window.addEventListener("scroll", function () {
    if (follow && !tip.hidden) follow(); else tip.hidden = true;
  }, { passive: true });

  // One home's day in the charts of the fleet: same frame, other lines and another upright axis.
  function niceStep(step) {
    var power = Math.pow(10, Math.floor(Math.log10(step)));
    return power * [1, 2, 2.5, 5, 10].filter(function (factor) { return factor * power >= step * (1 - 1e-9); })[0];
  }
  function redraw(figure) {
    var plot = figure.querySelector(".plot"), key = plot.dataset.chart, meta = data.day.charts[key];
    var series = seriesOf(key), names = Object.keys(series);
    figure.hidden = !names.length;
    if (figure.hidden) return;
    var values = [0];
    names.forEach(function (name) { series[name].forEach(function (value) { if (value !== null) values.push(value / 100); }); });
    var low = Math.min.apply(null, values), high = Math.max.apply(null, values);
    if (high <= low) high = low + 1;
    var step = niceStep((high - low) / 4), digits = 0;
    while (digits < 9 && Math.abs(Number(step.toFixed(digits)) - step) > step * 1e-9) digits += 1;
    low = Math.floor(low / step + 1e-9) * step;
    high = Math.ceil(high / step - 1e-9) * step;
    var height = parseFloat(getComputedStyle(plot).getPropertyValue("--h")), span = data.day.clock.length - 1;
    var down = function (value) { return height * (1 - (value - low) / (high - low)); };
    var grid = plot.querySelector(".lines"), axis = plot.querySelector(".ay"), widest = 1;
    while (grid.firstChild) grid.removeChild(grid.firstChild);
    while (axis.firstChild) axis.removeChild(axis.firstChild);
    for (var tick = low; tick <= high + step / 1e6; tick += step) {
      var line = document.createElementNS("http://www.w3.org/2000/svg", "line"), words = document.createElementNS("http://www.w3.org/2000/svg", "text");
      line.setAttribute("x1", 0);
      line.setAttribute("x2", "100%");
      line.setAttribute("y1", down(tick));
      line.setAttribute("y2", down(tick));
      if (Math.abs(tick) < step / 1e6) line.setAttribute("class", "zero");
      words.setAttribute("x", -8);
      words.setAttribute("y", down(tick) + 4);
      words.setAttribute("text-anchor", "end");
      words.textContent = shown(tick, digits);
      widest = Math.max(widest, words.textContent.length);
      grid.appendChild(line);
      axis.appendChild(words);
    }
    plot.style.setProperty("--l", Math.round(widest * 7 + 14) + "px");
    all("[data-s]", plot).forEach(function (path) {
      var mine = series[path.dataset.s] || [], parts = [], pen = false;
      var put = function (hour, value) { parts.push((pen ? "L" : "M") + (1000 * hour / span).toFixed(1) + " " + down(value).toFixed(2)); pen = true; };
      if (path.dataset.fill && mine.length) put(0, 0);
      mine.forEach(function (value, index) {
        if (value === null) { pen = false; return; }
        put(index, value / 100);
        if (!meta.bounds) put(index + 1, value / 100);
      });
      if (path.dataset.fill && mine.length) put(span, 0);
      path.setAttribute("d", parts.join(""));
    });
  }
  var chooser = document.querySelector("[data-home]");
  if (chooser) {
    var about = document.querySelector("[data-home-about]"), fleetWords = about.textContent;
    chooser.addEventListener("change", function () {
      person = chooser.value === "" ? null : Number(chooser.value);
      about.textContent = person === null ? fleetWords : data.day.homes[person].id + ": " + data.day.homes[person].about + ".";
      all("[data-days] figure").forEach(redraw);
    });
  }

  // What scrolls sideways can be reached by key.
  function reachable() {
    all(".scroll").forEach(function (area) {
      var wide = area.scrollWidth > area.clientWidth + 1;
      if (wide) {
        area.tabIndex = 0;
        area.setAttribute("role", "region");
        area.setAttribute("aria-label", area.querySelector("caption").textContent + ", scrolls sideways");
      } else ["tabindex", "role", "aria-label"].forEach(function (name) { area.removeAttribute(name); });
    });
  }
  window.addEventListener("resize", reachable);
  all("details").forEach(function (fold) { fold.addEventListener("toggle", reachable); });

  // Tables: a heading sorts, again the other way round. What has no value stays last.
  function compare(a, b) {
    if (a === null || b === null) return (a === null ? 1 : 0) - (b === null ? 1 : 0);
    return typeof a === "number" && typeof b === "number" ? a - b : String(a).localeCompare(String(b), "en", { numeric: true });
  }
  function sortable(table, sort) {
    var heads = all("thead th", table);
    var chosen = make("select");
    chosen.appendChild(make("option", "", "as they come")).value = "";
    function turn(column, downward) {
      heads.forEach(function (head, index) {
        if (index === column) head.setAttribute("aria-sort", downward ? "descending" : "ascending"); else head.removeAttribute("aria-sort");
      });
      chosen.value = column + (downward ? "-" : "+");
      sort(column, downward);
    }
    heads.forEach(function (head, column) {
      var button = make("button", "", head.textContent);
      button.type = "button";
      head.textContent = "";
      head.appendChild(button);
      button.addEventListener("click", function () {
        var before = head.getAttribute("aria-sort");
        turn(column, before ? before === "ascending" : head.classList.contains("n"));
      });
      [["+", ", upward"], ["-", ", downward"]].forEach(function (way) {
        chosen.appendChild(make("option", "", button.textContent + way[1])).value = column + way[0];
      });
    });
    chosen.addEventListener("change", function () {
      if (chosen.value) turn(parseInt(chosen.value, 10), chosen.value.slice(-1) === "-");
    });
    var sorter = make("label", "sorter js", "Sort by");
    sorter.appendChild(chosen);
    table.parentNode.parentNode.insertBefore(sorter, table.parentNode);
  }
  function ordered(list, value, downward) {
    return list.map(function (item, index) { return { item: item, value: value(item), index: index }; }).sort(function (a, b) {
      var way = compare(a.value, b.value);
      return (a.value === null || b.value === null ? way : downward ? -way : way) || a.index - b.index;
    }).map(function (each) { return each.item; });
  }
  all("table.sortable:not([data-table]):not(.plain)").forEach(function (table) {
    var body = table.tBodies[0];
    if (body.rows.length < 2) return;
    sortable(table, function (column, downward) {
      ordered(all("tr", body), function (row) {
        var cell = row.cells[column], value = cell.dataset.v;
        return value === undefined ? null : cell.classList.contains("n") || !isNaN(value) ? Number(value) : value;
      }, downward).forEach(function (row) { body.appendChild(row); });
    });
  });

  reachable();

  // Every home: search, filters, pages.
  var browser = document.querySelector(".browser");
  if (!browser) return;
  var homes = data.homes, table = browser.querySelector("table"), body = table.tBodies[0];
  var page = 0;
  var rows = homes.home.map(function (_, index) { return index; }), found = rows, order = null;
  var low = homes.names.map(function (name) { return name.toLowerCase(); });
  var whys = homes.whys.map(function (why) { return why.toLowerCase(); });
  var titles = all("thead th", table).map(function (head) { return head.textContent; });
  var css = all("thead th", table).map(function (head) { return head.className; });
  var stages = ["activated", "option", "bid", "invited"];
  function inside(row) { return homes.kw[row] > 0; }
  var columns = [
    function (row) { return homes.names[homes.home[row]]; },
    function (row) { return homes.personas[homes.persona[homes.home[row]]]; },
    function (row) { return homes.stage[row]; },
    function (row) { return inside(row) ? homes.kw[row] / 1e3 : null; },
    function (row) { return homes.agreed[row] ? homes.agreed[row] / 1e3 : null; },
    function (row) { return inside(row) ? homes.kwh[row] / 1e3 : null; },
    function (row) { return inside(row) ? homes.paid[row] / 1e6 : null; },
    function (row) { return homes.happy[row] === null ? null : homes.happy[row] / 100; }
  ];
  var digits = [null, null, null, 3, 3, 3, 4, 2];
  var below = [
    function (row) { return homes.opportunities.length > 1 ? homes.opportunities[homes.opportunity[row]] : ""; },
    function (row) { return homes.assets[homes.asset[homes.home[row]]]; },
    function (row) { return homes.whys[homes.why[row]]; }
  ];
  function fill(holder, row, index) {
    var value = columns[index](row);
    if (index === 0) holder.appendChild(make("bdi", "", value));
    else if (index === 2) {
      holder.appendChild(make("i", "sq " + stages[value]));
      holder.appendChild(document.createTextNode(homes.stages[value]));
    } else if (value === null) holder.textContent = "\u2013";
    else holder.textContent = digits[index] === null ? value : shown(value, index === 6 && value >= 100 ? 2 : digits[index]);
    if (below[index] && below[index](row)) holder.appendChild(make("small", "", below[index](row)));
    return value === null;
  }
  function draw() {
    var per = homes.first, last = Math.max(0, Math.ceil(found.length / per) - 1);
    page = Math.max(0, Math.min(last, page));
    body.textContent = "";
    found.slice(page * per, page * per + per).forEach(function (row) {
      var line = make("tr");
      columns.forEach(function (_, index) {
        var holder = make("span"), none = fill(holder, row, index);
        var cell = make(index ? "td" : "th", css[index] + (none ? " empty" : ""));
        if (!index) cell.scope = "row";
        cell.dataset.label = titles[index];
        cell.appendChild(holder);
        line.appendChild(cell);
      });
      body.appendChild(line);
    });
    browser.querySelector("[data-count]").textContent = found.length
      ? shown(page * per + 1, 0) + " to " + shown(Math.min(found.length, page * per + per), 0) + " of " + shown(found.length, 0) + " found, of " + shown(rows.length, 0)
      : "Nothing found among " + shown(rows.length, 0) + ".";
    browser.querySelector("[data-page-at]").textContent = "Page " + shown(page + 1, 0) + " of " + shown(last + 1, 0);
    browser.querySelector("[data-page='-1']").disabled = page === 0;
    browser.querySelector("[data-page='1']").disabled = page === last;
    reachable();
  }
  function search() {
    var asked = {};
    all("[data-filter]", browser).forEach(function (field) { asked[field.dataset.filter] = field.value.trim(); });
    var needle = asked.text.toLowerCase();
    found = rows.filter(function (row) {
      var home = homes.home[row];
      return (!asked.persona || homes.persona[home] === Number(asked.persona)) && (!asked.asset || homes.asset[home] === Number(asked.asset)) &&
        (!asked.stage || homes.stage[row] === Number(asked.stage)) && (!asked.opportunity || homes.opportunity[row] === Number(asked.opportunity)) &&
        (!needle || low[home].indexOf(needle) >= 0 || whys[homes.why[row]].indexOf(needle) >= 0);
    });
    if (order) found = ordered(found, columns[order.column], order.downward);
    page = 0;
    draw();
  }
  sortable(table, function (column, downward) { order = { column: column, downward: downward }; search(); });
  all("[data-filter]", browser).forEach(function (field) { field.addEventListener("input", search); });
  browser.querySelector("form").addEventListener("submit", function (event) { event.preventDefault(); });
  all("[data-page]", browser).forEach(function (button) {
    button.addEventListener("click", function () { page += Number(button.dataset.page); draw(); });
  });
  draw();
})();
