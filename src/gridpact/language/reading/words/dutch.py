"""Dutch words of the reader, without accents."""

WORDS = """
BATT: batterij, accu, thuisbatterij, thuisaccu, batterijen, batterie, opslag, huisbatterij
CAR: auto, wagen, elektrische auto, tesla, voertuig, laadpaal, elektrische wagen, bak, autoaccu, accu van de auto, bus
SOLAR: zonnepanelen, panelen, zonne-energie, zonnestroom
HOME: huis, woning, alles, thuis, huishouden
GRID: net, stroomnet, elektriciteitsnet
IT: het, hem, die, dat
NEG: niet, geen, nooit, niets, zonder, nimmer, niks, verboden, niemand, nergens
OKNEG: maakt niet uit, geen probleem, niet nodig, maakt me niet uit, geen bezwaar, vind het niet erg, niet erg, hoeft niet, hoeven niet
KEEP: houd, hou, houden, bewaar, bewaren, reserveer, reserveren, laat, laten, blijven, blijft, behoud, behouden, achterhouden, reserve, overhouden, overblijven, bewaard, gereserveerd, spaar, blijf, vasthouden
DEPART: vertrek, vertrekken, weg, rijden, wegrijden, ga werken, naar het werk, naar mijn werk, ga weg, rij, vertrekt, heb de auto nodig, de deur uit
READY: klaar, opgeladen, geladen, laden, opladen, laad, vol geladen, volgeladen, gereed
FULL: vol, volledig, helemaal vol, helemaal, compleet, volle, volgeladen, hele
ALLOFIT: de hele batterij, hele batterij, volledige batterij, volle batterij, hele accu, volle accu
EMPTY: leeg
WANT: genoeg, is genoeg, volstaat, voldoende, wil, willen, moet, moeten, graag, alstublieft, aub, altijd, zou graag, wens, svp, te allen tijde, hebben, zorg, heb nodig, nodig, dient, ieder moment
USE: gebruik, gebruiken, pakken, nemen, aanraken, neem, gebruikt, besturen, sturen, komen, aanspreken, ingrijpen, aansturen, inzetten
DRAIN: ontladen, leegtrekken, ontlaad, leeghalen, onttrekken, halen, ontlading, leegmaken, afnemen
SINK: zakken, dalen, daalt, zakt, gaan, gaat, zak
SELL: verkoop, verkopen, verkocht, verhandelen, verkoopt, aanbieden
EXPORT: terugleveren, teruglevering, leveren, terugleveer, exporteren, invoeden, teruggeleverd, lever, terug, teruggeven, terugvoeden, terugstuur, sturen naar het net
V2G: v2g, bidirectioneel, v2h
RANGE: bereik, rijbereik, actieradius
CYC: cyclus, cycli, laadcycli, laadcyclus, volledige cyclus, volledige cycli
OUTAGE: stroomuitval, storing, noodgeval, nood, reserve, noodstroom, stroomstoring, back-up, backup, noodgevallen, storingen, stroomstoringen, uitval, noodreserve
LOAD: koelkast, vriezer, kritieke belasting, verbruik
GE: minstens, minimaal, ten minste, tenminste, niet minder dan, niet onder, nooit onder, vanaf, minimum, op zijn minst, of meer, nooit minder dan, niet onder de, nooit onder de, minimale, in ieder geval
LE: hoogstens, maximaal, niet meer dan, max, maximum, ten hoogste, nooit meer dan, niet boven, tot maximaal, hooguit, of minder, niet boven de
BELOW: onder, minder dan, beneden, onder de, lager dan, goedkoper dan
ABOVE: boven, meer dan, boven de, hoger dan
DOWNTO: tot aan
LASTPART: laatste, onderste
TOPPART: bovenste, eerste
REST: rest, overige, overschot
ONLY: alleen, uitsluitend, enkel, slechts
PRICE: prijs, vergoeding, opbrengst, krijg, minimumprijs, betaald
PAYS: ik betaal, wij betalen, kost, rekening, mijn tarief, energierekening
ALONE: met rust, afblijven, niet aanraken, niet gebruiken, blijf af, niet beschikbaar, blokkeren, niet aankomen, doe niet mee, niet meedoen, wil niet meedoen, afmelden, geen interesse, niet aanzitten, kom niet aan, verboden terrein, niets doen, niks doen, geen ingrepen, uitschrijven, niet inzetten, afgeblokt
WHOLEOUT: doe niet mee, niet meedoen, wil niet meedoen, afmelden, geen interesse, uitschrijven, doen niet mee, niet meer meedoen, niet deelnemen, niet langer meedoen
ATALL: helemaal niet, ooit, totaal niet, absoluut niet
CONS: voorzichtig, conservatief, behoudend
MODE: gematigd, evenwichtig, gebalanceerd
AGGR: agressief
OK: mag, mogen, toegestaan, prima, akkoord, ok, oke, kunt, kun je, je mag, jullie mogen, sta toe, goed
POLITE: kunnen jullie, kun je, kunt u, zou je, zouden jullie, zou u, kan je, willen jullie
QWORD: wat, waarom, hoe, wanneer, wie, hoeveel, welke, is het, waar, kan ik, mag ik, moet ik
IF: als, indien, bij storm, wanneer er, zodra, mits
UNLESS: tenzij, behalve als
EXCEPT: behalve, uitgezonderd, met uitzondering van, buiten
CORR: eigenlijk, toch, correctie, liever, sorry, bedoel, maak er, in plaats daarvan, nee, doe maar, beter, nu, wacht
THIRD: buurman, buurvrouw, vriend, broer, installateur, collega, zwager, verkoper, mensen, buren, vriendin, fabrikant, zus, monteur, baas, elektricien
HE: zijn, haar, hij, hun
SAY: zegt, zei, vindt, beweert, gezegd, gehoord, gelezen, raadt, adviseert, denkt, volgens, zeggen, beweerde, adviseerde
PAST: was, had, hadden, waren, vroeger, gisteren, vorig jaar, vorige week, eerst, hield, vorige winter, destijds, vorige maand, voorheen, verkocht vroeger, vorige zomer
HYPO: misschien, zou kunnen, ooit, denk erover, overweeg, stel dat, zou, volgend jaar, wellicht, eventueel
OTHERS: andere huizen, alle huizen, alle klanten, andere woningen, alle woningen, andere klanten
INJECT: negeer alle, negeer de, vorige instructies, nieuwe instructies, negeer, vergeet alle
FIRST: ik, wij, we, mijn, onze, ons, me, mij, m'n, vrouw, man, partner, dochter, zoon
CONJ: en, maar, ook, dan, daarnaast, verder, bovendien, vervolgens, echter, anders, want, omdat
FILL: indien mogelijk, als het kan, als het mogelijk is, ongeveer, rond, circa, zo'n, de, het, een, van de, nog, bijna, ca, precies, om en nabij, uiterlijk
HALFWORD: half vol, halfvol, helft, de helft, halve
FRAC=0.25: een kwart
FRAC=0.3333333333333333: een derde
FRAC=0.75: driekwart, drie kwart
FRAC=0.6666666666666666: twee derde, tweederde
FRAC=0.2: een vijfde
PCT: procent
KWH: kwh, kilowattuur, kilowatturen
KW: kw, kilowatt
WATT: watt
KM: km, kilometer, kilometers
MILE: mijl
CUR=EUR: euro, eur
CUR=USD: dollar, usd
CENT=LOCAL: cent, ct, centen
PKWH: per kwh, per kilowattuur, de kwh
PMWH: per mwh, per megawattuur, mwh
PERX: per maand, per jaar
HOUR: uren, uurtjes
MINUTE: minuten, minuut
DAYDUR: dagen
TIMES: keer, maal
ONCE=1: een keer, eenmaal
ONCE=2: twee keer, tweemaal
PDAY: per dag, dagelijks, elke dag
AMPM=am: 's ochtends, 's morgens, ochtends, morgens, in de ochtend, elke ochtend, smorgens, sochtends
AMPM=pm: 's avonds, 's middags, avonds, middags, in de avond, savonds, smiddags
AMPM=night: 's nachts, nachts, in de nacht, snachts
PART=am: ochtend, morgen
PART=pm: avond, middag
PART=night: nacht
OCLOCK: uur, u
MIDN: middernacht
NOON: twaalf uur 's middags
HALB: half
QPAST: kwart over
QTO: kwart voor
TO: tot, t/m, tot en met
FROM: van, vanaf
BTW: tussen
RAND: en
BY: voor, uiterlijk om, uiterlijk
AT: om
AFTER: na, vanaf
DAY=0: maandag, maandags, ma
DAY=1: dinsdag, dinsdags, di
DAY=2: woensdag, woensdags, wo
DAY=3: donderdag, donderdags, do
DAY=4: vrijdag, vrijdags, vr
DAY=5: zaterdag, zaterdags, za
DAY=6: zondag, zondags, zo
DSET=01234: doordeweeks, door de week, werkdagen, op werkdagen, weekdagen
DSET=56: weekend, in het weekend, weekenden, weekends
DSET=0123456: elke dag, iedere dag, dagelijks, elke ochtend, elke nacht, elke avond
ALLDAY: de hele dag, hele dag
"""

NUMBERS = """
nul een|eentje twee drie vier vijf zes zeven acht negen tien elf twaalf dertien veertien vijftien zestien zeventien achttien negentien
twintig dertig veertig vijftig zestig zeventig tachtig negentig
"""
HUNDRED = "honderd"

STOPWORDS = frozenset(
    "de het een en ik niet mijn van nooit accu batterij moet altijd voor met geen op tot minstens uur tussen onder is dat "
    "wil houd hou verkoop om naar kwart of zijn mag te als maar aan thuis minimaal er".split()
)
