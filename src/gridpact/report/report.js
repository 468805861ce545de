// Draws the figures of the page with its own colours, again when the colour scheme or the page's width changes.
(function () {
  "use strict";
  var figures = JSON.parse(document.getElementById("figures").textContent);

  function coloured(value, style) {
    if (typeof value === "string" && value.charAt(0) === "@") return style.getPropertyValue("--" + value.slice(1)).trim();
    if (Array.isArray(value)) return value.map(function (item) { return coloured(item, style); });
    if (value !== null && typeof value === "object") {
      var copy = {};
      Object.keys(value).forEach(function (key) { copy[key] = coloured(value[key], style); });
      return copy;
    }
    return value;
  }

  function thinned(axis, narrow) {
    if (!narrow || !axis || !axis.tickvals || axis.tickvals.length < 7) return;
    var keep = function (_, index) { return index % 2 === 0; };
    axis.tickvals = axis.tickvals.filter(keep);
    axis.ticktext = axis.ticktext.filter(keep);
  }

  function draw() {
    var style = getComputedStyle(document.documentElement);
    figures.forEach(function (figure, index) {
      var target = document.getElementById("chart-" + index);
      var shown = coloured(figure, style);
      var layout = shown.layout;
      thinned(layout.xaxis, target.clientWidth < 420);
      layout.width = target.clientWidth;
      layout.height = target.clientHeight;
      layout.paper_bgcolor = layout.plot_bgcolor = "rgba(0,0,0,0)";
      layout.font = { family: getComputedStyle(document.body).fontFamily, size: 13, color: style.getPropertyValue("--ink").trim() };
      layout.hoverlabel = {
        bgcolor: style.getPropertyValue("--card").trim(), bordercolor: style.getPropertyValue("--line").trim(),
        font: { color: style.getPropertyValue("--ink").trim(), size: 13 }, align: "left", namelength: 0
      };
      Plotly.react(target, shown.data, layout, { displayModeBar: false, doubleClick: false, showTips: false });
    });
  }

  // Widths change with the window, a rotated phone and the print view; heights follow from the page's style.
  var drawn = 0;
  function drawIfResized() {
    var width = document.querySelector("main").clientWidth;
    if (width === drawn) return;
    drawn = width;
    draw();
  }

  drawIfResized();
  new ResizeObserver(function () { requestAnimationFrame(drawIfResized); }).observe(document.querySelector("main"));
  window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
})();
