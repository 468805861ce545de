"""English words of the reader, each line ``TAG=value: words and phrases``; see `gridpact.language.reading.lexicon`."""

WORDS = """
BATT: battery, batteries, powerwall, powerwalls, power wall, batt, bat, encharge, home storage, storage, storage unit, accumulator, wall unit, battery pack, house battery, home battery, battery bank, sonnen, enphase
CAR: car, cars, ev, evs, vehicle, tesla, model 3, model y, model s, model x, leaf, bolt, ioniq, id4, id.4, truck, van, auto, ride, f150, f-150, lightning, rivian, kona, zoe, wheels, polestar, mach e, nissan, chevy, electric car, car battery, ev battery, car's battery, battery of the car, battery in the car, battery of my car, battery in my car, cars battery, tesla's battery, vehicle battery, vehicle's battery, suv, minivan, kia, hyundai, hatchback, pickup, bmw, i3, egolf, e golf, charger, wallbox, wall box
SOLAR: solar, panels, pv, solar panels, photovoltaics, rooftop, sun
HOME: house, home, household, place, system, everything, whole thing, equipment, devices, setup
HEAT: heat pump, heatpump, water heater, boiler, furnace, ac, air conditioning, thermostat
GRID: grid, utility, network, street, power company
IT: it, this, that, them
NEG: not, don't, dont, do not, never, no, nope, won't, wont, can't, cant, cannot, shouldn't, shouldnt, mustn't, musn't, isn't, isnt, doesn't, doesnt, don t, ain't, without, nothing, none, nobody, no one, no way, stop, refuse, avoid, prohibit, forbid, forbidden, prevent, neither, nor, refrain from, not allowed, not ok, not okay, not fine, not happy, not comfortable, rather not, rather you didn't, rather you did not, under no circumstances, by no means, absolutely no, absolutely not, not to, dnt, didn't want, do nt, didnt want, unwilling, not willing, hate, disable, block, quit, prefer you not, prefer not, no permission, may not
OKNEG: don't mind, dont mind, do not mind, don't care, dont care, do not care, doesn't matter, doesnt matter, no need, no need to, don't need, dont need, do not need, doesn't need, doesnt need, not necessary, don't have to, dont have to, no problem, no problems, no issue, not a problem, no objection, no objections, wouldn't mind, wouldnt mind, no worries, needn't, no matter, not required, no preference, not fussed, not bothered, no opinion, no limit, no minimum, no particular, don't require, not picky, no restrictions, don't worry, dont worry, do not worry, not worried, nothing special, no special
DUNNO: don't know, dont know, do not know, no idea, not sure, unsure, no clue
KEEP: keep, keeps, kept, keeping, reserve, reserved, hold, holding, save, saved, maintain, retain, retained, set aside, spare, hang on to, hold back, held back, stash, preserve, ensure, guarantee, protect, stay, stays, remain, remains, remaining, left, hold on to, in the tank, kept in, hang onto, hold onto, put aside, squirrel away, sit, sits, withhold, untouched, keep it, earmark, park, retains, minimum charge
LEAVE: leave, leaves, leaving, left for
DEPART: depart, departs, departure, drive, driving, commute, commuting, head out, heads out, heading out, heads off, head off, go to work, goes to work, going to work, set off, sets off, out the door, hit the road, take off, school run, drive off, drives to, drive to, get going, gone by, unplug, unplugged, unplugs, go out, pull out, my shift starts, start my shift, need to go, have to go, gotta go, pulls out, roll out, i'm off, im off, i am off, off to work, she's off, out of the house, on the road, be out, out by, need the car, need my car, needs the car, needs her car, needs his car, need the ev, take the car, takes the car, taking the car, use the car, uses the car, take the kids, need the tesla, need the truck, needs the truck, need the van, i go, i'm gone, im gone
READY: ready, charged, topped up, topped off, top up, top off, juiced, juiced up, charge, charging, recharged, recharge, good to go, plugged in, prepared, finished charging, done charging, done, available to drive, finish charging, charged up, juice, charge to
FULL: full, fully, fully charged, completely charged, 100 charged, completely full, to the brim, max charge, full charge, full tank, totally charged, all the way, full up, brimming, charge fully, topped right up, complete charge, filled, maxed out, charged to the max, charge to the max, fill up, filled up, entire, entirely, completely, whole
ALLOFIT: all of it, all of the battery, the whole battery, the entire battery, whole battery, entire battery, all my battery, all the battery, all of my battery, whole of the battery, entire capacity, full battery, whole powerwall, entire powerwall
EMPTY: empty, flat, zero, to nothing, completely empty, dead, run dry, dry, all the way down, completely flat, to zero
WANT: is enough, are enough, enough, is plenty, plenty, will do, suffices, is sufficient, want, wants, wanted to have, need, needs, like, prefer, prefers, require, requires, must, should, have to, has to, make sure, be sure, please make, pls, please, plz, i'd like, id like, gotta, got to, insist, wish, would like, always, at all times, ask, give me, gimme, want to have, got to have, got to be, is important, set, set it, set my, demand, expect, count on, better be, ought to, ensure that, i ask
USE: you can have, you may have, out of, use, used, using, touch, touching, draw, draws, drawing, take, takes, taking, pull, pulling, dip, dipping, tap, tapping, run, running, mess with, messing with, mess, bother, control, controlling, manage, schedule, grab, dispatch, dispatched, operate, borrow, access, fiddle, fiddle with, play with, interfere, interfere with, disturb, cut, participate, participation, interrupt, interruption, interruptions, go near, meddle with, meddle, move, shift, activity, events, event, event call, events called, call on, call upon, calls, available, adjust, change, tinker, tinker with, switch, switching, steal, activate, activated, trigger, play around with, steer, flex, working
DRAIN: discharge, discharged, discharging, drain, drained, draining, deplete, depleted, depleting, empty it, run down, running down, suck, sucking, bleed, dump, dumping, unload, spend, dischage, drains, pump out, run it down, empties, pull down, pull it down, take it down, bring it down
SINK: drop, drops, dropping, fall, falls, falling, go, goes, going, get, gets, dips, sink, down, run low, deeper
SELL: i'm in, im in, count me in, sell, sells, selling, sold, trade, trading, offer, offers, accept, part with, sale, sales, deal, deals, bid, sell off, auction, join, taking part in, take part for, let go, give it away, willing to sell, sell it, accept anything, market
EXPORT: export, exports, exporting, exported, feed in, feed into, feed back, feeding back, feeding in, feed-in, feedin, feed, feeding, fed, inject, send back, sending back, backfeed, back feed, backfeeding, push back, pushing back, push, pushing, feed energy into, give back, net metering, send, sending, send out, reverse flow, goes back, go back, going back, sold back, sell back, selling back, flow out, ship out, exportation, flow back, flows back, leave my meter, leaves my meter, pour, spill
V2G: v2g, v2h, v2x, vehicle to grid, vehicle-to-grid, bidirectional, bi directional, car to grid, vehicle to home
RANGE: range, drive at least, of driving, worth of driving, of driving range, driving
CYC: cycle, cycles, full cycle, full cycles, charge cycle, charge cycles, discharge cycle, complete cycle, complete cycles, full discharge, full discharges, cycling, full charge cycle, cycled, round trip, round trips, charge discharge cycle, charge discharge cycles, full equivalent cycles, discharges, full discharges, equivalent cycles, equivalent full cycles
OUTAGE: outage, outages, power cut, power cuts, power outage, power outages, emergency, emergencies, backup, back up, back-up, blackout, blackouts, grid goes down, grid failure, grid is down, grid down, power fails, power failure, lights go out, storms, hurricanes, power goes out, power goes off, power is out, loss of power, rainy day, just in case, reserves, buffer, safety, cushion, grid fails, black out, bridge, bridged, brownout, brownouts, safety margin, tank, autonomy, no power, island, off grid, hurricane season
LOAD: critical load, critical loads, essential load, essential loads, essentials, fridge, freezer, medical, oxygen, cpap, lights, refrigerator, sump pump, necessary load, important load, draws about, critical stuff, essential stuff, load, loads, basics, consumption, essential circuits, critical circuits, server, router, must run, must-run
ARRIVE: get home, gets home, come home, comes home, home by, back at, back by, plug it in, plug in, arrive, arrives, return, returns, back home, come back, comes back, i'm home, im home, home at, get back, got home
STORM: storm is coming, storm coming, storms coming, hurricane is coming, storm is forecast, storm warning, bad weather, severe weather, tornado, thunderstorm, forecast, snow storm
STATE: is at, is currently, currently, right now, sits at, shows, showing, degraded, capacity is, has a capacity, rated, efficiency, efficient, is now at, reads, at the moment, is about, holds, can store, we have a, i have a, i own a, its capacity, is only at, just bought, we just got, got a, averages, usually
BUY: buy, buying, import, importing, when cheap, when it's cheap, cheap power, cheap hours, cheap rates, purchase, off peak charging
OUTSIDE: outside, outside of
GE: at least, atleast, the least, least, no less than, not less than, minimum of, minimum, min, a minimum of, no lower than, not lower than, or more, or better, or higher, or above, and up, not under, no fewer than, at the very least, at a minimum, or so at least, never less than, nothing less than, at the least, plus at least, bare minimum, upwards of, or greater, nothing below, nothing under, not a penny less than, not one cent less than, minimally, nothing lower than, no smaller than, starting at, starts at, not a cent less than, not a cent under, lower limit, floor of, nothing cheaper than, no cheaper than, minumum, minimun
LE: at most, atmost, no more than, not more than, maximum of, maximum, max, up to, no greater than, or less, or fewer, or lower, tops, a maximum of, limit of, upper limit, not over, not exceeding, limit, limit it to, limited to, cap, capped at, cap at, cap of, not to exceed, never more than, just, only up to, nothing more than, at the most, as much as, never exceed, not exceed, don't exceed, dont exceed, no higher than, restrict, restricted to, no deeper than, anything up to, once at most
BELOW: below, under, beneath, less than, lower than, fewer than, underneath, past, beyond, cheaper than, south of, short of, smaller than, below about
ABOVE: above, over, more than, higher than, greater than, exceeding, north of, exceeds, in excess of, exceed, better than, upward of
DOWNTO: down to, until it hits, until it reaches, till it hits, until it's at, until it is at, down as far as, as low as, until you hit, until you reach
LASTPART: last, bottom, final, lowest, lower
TOPPART: top, first, upper
REST: rest, remainder, other half, everything else, anything above, anything over, the remaining, whatever is above, what's left, whats left, whatever's left, surplus, excess
ONLY: only, exclusively, solely, strictly, nothing but, only if, as long as, provided, only when
PRICE: price, rate, floor, paid, pay me, pays, earn, compensation, payment, money, cash, worth it, worth, value, payout, get paid, pays me, bucks for, my price, floor price, minimum price, asking price, reserve price, kwh price, price floor
PAYS: i pay, we pay, i'm paying, im paying, my bill, our bill, cost me, costs me, my tariff, electricity costs, it costs, i am paying, charge me, charges me, bills, bill, utility charges, they charge, my rate is, rates went, costs us, cost us, my contract costs, retail rate, retail price, i bought, paid for, cost
ALONE: leave alone, leave it alone, alone, hands off, stay away, keep away, off limits, off-limits, stay off, stay out, keep out, keep your hands off, keep off, dont touch, don't touch, do not touch, do not disturb, don't disturb, no touching, hands-off, no interruptions, no interruption, black out, blackout window, blackout windows, blackout period, out of bounds, do not use, don't use, dont use, no control, quiet time, quiet hours, no events, no event, no dispatch, no dispatching, no participation, keep clear of, blocked, block out, unavailable, not available, excluded, out of it, opt out, opting out, opted out, opt me out, not participate, not participating, don't participate, do not participate, don't participate in, not take part, don't want to participate, don't want to take part, no longer participate, no longer want to participate, no longer want to take part, leave me alone, leave us alone, leave me out, count me out, exclude, keep me out, unsubscribe, drop out, withdraw, pull me out, take me out, sign me out, not interested, no thanks, no thank you, cancel, don't mess with, dont mess with, not to be touched, not to be used, not be touched, not be used, skip, no go, no-go, out of the program, no meddling, be left alone, left alone, no activity, stay clear, steer clear, nothing happens, nothing should happen, do nothing, leave things alone, ours alone, not for you, mine alone, is mine, is ours, don't bother, leave everything alone, no messing, no messing with, hands to yourself, nobody touches, sit out, sitting out, sit this out, opt-out, bow out, don't go near
WHOLEOUT: opt out, opting out, opted out, opt me out, leave me out, count me out, not interested, no longer participate, no longer want to participate, no longer want to take part, unsubscribe, sign me out, don't want to participate, don't want to take part, keep me out, take me out, pull me out, withdraw, drop out, not participate, not participating, don't participate, do not participate, opt-out, bow out, leave us alone, leave me alone
ATALL: at all, whatsoever, ever, in any way, period, full stop, for anything, any time, anytime, at any time, for any reason, altogether, under any circumstances
CONS: conservative, cautious, careful, risk averse, risk-averse, very careful, play it safe, play safe, conservatively, very cautious, cautiously
MODE: moderate, balanced, middle of the road, middle ground, moderately
AGGR: aggressive, aggressively, squeeze every, maximize profit, maximise profit, maximum profit, as much money as possible, maximum earnings, maximise earnings, maximize earnings, make the most money, go wild, go nuts, all in
OK: may, fine, okay, ok, allowed, feel free, go ahead, happy to, happy, welcome, you can, allow, allows, permit, permitted, let, cool with, fine with, ok with, okay with, you could, yes, free to, have at it, all yours, yours, good with, i'm good with, be my guest, is ok, is fine, alright, sure, no trouble, knock yourself out, glad to, open to, willing, willing to, green light, by all means, you're allowed, you are allowed, enable, you get, help yourself, have my permission, approve, comfortable with
POLITE: could the, can the, could my, can my, could it be, can it be, can you, could you, would you, will you, can u, could u, would you mind, can we, could we, can i have, can i get, could i have, is it possible to, would it be possible to, may i ask you to, may i ask, would you please, can you please, could you please, can you make sure, mind keeping, how about you, why don't you
QWORD: what, why, how, who, when will, which, where, what's, whats, how's, how much, how many, how does, does, do you, did you, is it, is there, are there, are you, is my, is the, are my, am i, should i, shall i, can i, could i, would i, do i, will i, is that, will it, would it, could it, can it, does it, what if, will my, does the, does my, will the, wondering, curious, explain, tell me, why does, did the, would that, isn't it, does anybody, does anyone, have you, was the, did my, what about
IF: when a storm, if, when there is, in case of, in case, should there be, when prices, when price, whenever, assuming, when we are away, when we're away, when i'm away, when it rains, when it's cloudy, depending on, in the event of, when a storm, if there's, if there is, when there's, were there, once we, until further, when i travel, when we travel, on days when, during storms, during heat waves, when the forecast, when hurricane, when it is hot, when it's hot, as soon as
UNLESS: unless, except if, except when, apart from when, unless it's
EXCEPT: except, excluding, apart from, other than, besides, aside from, except for, with the exception of, bar, save for, not on, minus
CORR: actually, instead, scratch that, i mean, i meant, make it, make that, correction, no wait, wait, sorry, rather, changed my mind, change that, change it to, strike that, or rather, on second thought, on second thoughts, come to think of it, my mistake, oops, forget that, edit, update, better, hang on, hold on, no let's say, lets say, let's say, nevermind, never mind, i take that back, now, from now on, these days, revised, second thought
DROPPED: forget i said that, ignore that, disregard that, ignore my last, forget it, forget what i said, ignore what i said, never mind that, disregard my, nevermind that
THIRD: neighbor, neighbour, neighbors, neighbours, neighbor's, neighbour's, friend, friends, friend's, brother, sister, buddy, cousin, uncle, aunt, coworker, colleague, colleagues, installer, salesman, salesperson, sales guy, sales rep, electrician, people, somebody, someone, most people, other people, others, folks, everyone, everybody, my boss, mate, manufacturer, website, manual, article, forum, reddit, youtube, facebook, the guy, brochure, internet, technician, tech, in-laws, brother in law, father in law, mother in law, landlord, rep, podcast, news, magazine, utility company, the company, company, tesla says, warranty, guy next door, family next door, folks next door, next door, other customers, customers, my parents, my dad, my mom, blog, expert, experts, dealer, influencer, advisor
HE: he, his, him, she, her, they, their
SAY: said, says, say, saying, told, tells, claims, claim, claimed, heard, read, reads, recommends, recommended, suggests, suggested, thinks, reckons, wrote, writes, swears, insists that, advised, advises, according to, quote, recommend, mentions, mentioned, saw, default is, defaults to, keeps telling, argues, states, stated, posted, reported
PAST: used to, was, were, had, did, last year, last week, last month, last night, last summer, last winter, yesterday, previously, before that, back then, formerly, originally, once had, once set, in the past, back when, earlier this year, ago, last time, the other day, until recently, in 2019, in 2020, in 2021, in 2022, in 2023, in 2024, in 2025, had been, years ago, before we moved, went, came, left me, old house, the old, started at, ended up, dropped to, ran out, sat at, lasted, previous, no longer
HYPO: if i had, if we had, if i were, if i was, might, maybe, someday, some day, one day, thinking about, thinking of, considering, suppose, imagine, would have, could have, was thinking, were to, what would happen, perhaps, not decided, haven't decided, undecided, possibly, i could imagine, in theory, hypothetically, eventually, at some point, next year, in the future, contemplating, toying with, pondering, may want to later, planning to, plan to, hoping to, say i, in the long run, theoretically, would be nice, mulling, down the road
OTHERS: other homes, other houses, all homes, all houses, every home, everyone's, everybody's, all customers, other home, another home, my neighbor's, my neighbour's, neighbors home, neighbours home, home id, home_id, house number, every house, all the homes, all fleets, whole fleet, the fleet, other owners, all owners, all users, every user, all other, competitors, competitor
INJECT: ignore previous, ignore all, ignore the above, ignore your, previous instructions, prior instructions, system prompt, system override, developer mode, you are now, as an ai, disregard previous, disregard all, disregard the above, override, jailbreak, admin mode, administrator, assistant, system message, new instructions, pretend, act as, roleplay, forget all, forget previous, forget your, ignore any, sudo, instructions above, your instructions, ignore every, drop table, begin system, end system, prompt, json, root access, debug mode
FIRST: i, i'm, im, i've, i'd, we, we're, we'd, my, our, mine, me, us, you, mom and i, wife, husband, partner, daughter, son, spouse, girlfriend, boyfriend, kid, kids, roommate
CONJ: and, but, also, then, plus, additionally, as well as, oh and, besides that, while, however, though, although, and also, whereas, yet, otherwise, oh, moreover, furthermore, second, secondly, third point, finally, lastly, next, because, since, cause, cuz, so, as for, regarding, apart from that, other than that, aside from that
FILL: if possible, if you can, if you could, if it's possible, where possible, if need be, if needed, if necessary, if you must, if you want, if you like, if it's ok with you, if it's okay with you, if that's ok, if that's okay, if that works, if you don't mind, if you dont mind, if i may, if it is possible, you should know, fyi, for your information, just so you know, about, around, roughly, approximately, approx, circa, ish, maybe about, like, um, uh, er, say, some, or so, nearly, exactly, the, a, an, somewhere, anywhere, almost, precisely, sharp, latest, at the latest
HALFWORD: half, half of, halfway, one half, a half, 50/50
FRAC=0.25: a quarter, one quarter, one fourth, a fourth, quarter of, quarter
FRAC=0.3333333333333333: a third, one third, third of
FRAC=0.2: a fifth, one fifth
FRAC=0.1: a tenth, one tenth
FRAC=0.6666666666666666: two thirds, two-thirds, two third
FRAC=0.75: three quarters, three fourths, three-quarters, three quarter
FRAC=0.125: an eighth, one eighth
FRACS=5: fifths
FRACS=10: tenths
FRACS=4: quarters, fourths
FRACS=3: thirds
PCT: percent, per cent, pct, percents, percentage, perc, % soc, soc, procent, per-cent, percent soc
KWH: kwh, kw h, kilowatt hours, kilowatt hour, kilowatt-hours, kilowatthours, kwhs, kws hours, kw-h, kw hours
KW: kw, kilowatt, kilowatts, kws
WATT: watt, watts, w
KM: km, kms, kilometers, kilometres, kilometer, kilometre, k m, klicks
MILE: mile, miles, mi
CUR=USD: dollar, dollars, usd, buck, bucks, us$
CUR=EUR: euro, euros, eur
CUR=GBP: pound, pounds, gbp, quid
CENT=USD: cent, cents, c, ct, cts, penny, ¢
CENT=GBP: p, pence
PKWH: per kwh, a kwh, per kilowatt hour, a kilowatt hour, per kilowatt-hour, each kwh, per kw/h, per unit, a unit, for a kwh, per kw hour, the kwh, an kwh, for each kwh, for every kwh, for one kwh, per kwhs, a kw hour, per kw, per kilowatt
PMWH: per mwh, a mwh, an mwh, per megawatt hour, a megawatt hour, per megawatt-hour, mwh, megawatt hour, megawatt hours, each mwh, the mwh
PERX: per month, a month, monthly, per year, a year, per week, a week, annually, yearly, per event, weekly, bonus
HOUR: hour, hours, hr, hrs, h
MINUTE: minute, minutes, mins
DAYDUR: day of, days of, days, days worth of
TIMES: times, time, x, full times
ONCE=1: once, a single, single, one time
ONCE=2: twice, two times
PDAY: a day, per day, daily, each day, every day, in a day, every 24 hours, /day, per 24 hours, in 24 hours, p/day, within a day, any day, a night, per night
AMPM=am: am, a.m, a.m., in the morning, in the mornings, every morning, each morning, o'clock in the morning, tomorrow morning, this morning, of a morning, before work, ish am
AMPM=pm: pm, p.m, p.m., in the afternoon, in the evening, every evening, each evening, in the evenings, in the afternoons, every afternoon, this evening, this afternoon
AMPM=night: at night, tonight, every night, each night, in the night, at nights
PART=am: morning, mornings, breakfast, dawn, sunrise
PART=pm: evening, evenings, afternoon, afternoons, dinner, supper, peak, dinner time, dinnertime
PART=night: night, nights, overnight, nighttime, bedtime, sleep, asleep
PART=mid: lunch, lunchtime, lunch time
OCLOCK: o'clock, oclock, o clock, hundred hours, hrs sharp
NOON: noon, midday, noontime, 12 noon, mid day
MIDN: midnight, 12 midnight
HPAST: half past, half after
QPAST: quarter past, a quarter past, quarter after
QTO: quarter to, a quarter to, quarter till, quarter of seven, quarter til, quarter before
TO: to, till, til, until, through, thru, up until, up till
FROM: from, starting, starting from, starting at
BTW: between, betwixt, inbetween, in between, btw, b/w
BY: by, before, no later than, not later than, latest by, at the latest by, prior to, ahead of
AT: at, @
AFTER: after, past, as of, from then on, starting after, any time after, later than, not before, no earlier than, not earlier than
DAY=0: monday, mondays, mon, monday's
DAY=1: tuesday, tuesdays, tue, tues
DAY=2: wednesday, wednesdays, wed, weds
DAY=3: thursday, thursdays, thu, thurs, thur
DAY=4: friday, fridays, fri
DAY=5: saturday, saturdays, sat
DAY=6: sunday, sundays, sun
DSET=01234: weekdays, weekday, wkdays, wkday, wkdys, wd, working days, work days, workdays, workday, school days, business days, week days, work week, working week, schooldays, school nights, work nights, weeknights, working day, weeknight, week-days
DSET=56: weekend, weekends, wkend, wkends, wknd, wknds, week ends, week-end, week-ends, the weekend
DSET=0123456: every day, everyday, all week, each day, seven days a week, 7 days a week, all days, daily, day in day out, always
ALLDAY: all day, all day long, 24 hours, the whole day, whole day, entire day, around the clock, 24/7
"""

NUMBERS = """
zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen
twenty thirty forty fifty sixty seventy eighty ninety
"""

STOPWORDS = frozenset(
    "the and is my to in it of i you for at a please don't not never with have be keep want need below above car battery "
    "charge percent least that leave use me are by or from between until do can".split()
)
