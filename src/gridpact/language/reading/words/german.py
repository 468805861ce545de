"""German words of the reader, without accents."""

WORDS = """
BATT: batterie, batterien, akku, speicher, hausspeicher, hausbatterie, batteriespeicher, heimspeicher, stromspeicher, speichers, akkus, hausakku
CAR: auto, wagen, elektroauto, e-auto, eauto, fahrzeug, autos, autobatterie, autoakku, wallbox, e auto, stromer, id 3, zoe, pkw, karre, firmenwagen
SOLAR: solaranlage, solar, photovoltaik, pv, module, pv-anlage, solarstrom, anlage, pv anlage
HOME: haus, haushalt, hause, alles, daheim
GRID: netz, stromnetz, netzes
IT: es, er, ihn, das, sie
NEG: nicht, kein, keine, keinen, nie, niemals, nichts, keinerlei, ohne, auf keinen fall, keiner, verboten, niemand, bitte kein, keinem, untersagt, verbiete, nimmer, ned, net, ungern
OKNEG: nichts gegen, habe nichts gegen, egal, macht nichts, kein problem, nicht notig, nichts dagegen, stort mich nicht, ist mir egal, brauche kein, brauche keine, muss nicht, keine einwande, mussen nicht, brauchen kein, brauchen keine, nicht schlimm
KEEP: behalten, behalte, behaltet, reservieren, reserviert, reserve, halten, halte, haltet, lassen, lasst, lass, bleiben, bleibt, aufheben, zuruckhalten, sichern, vorhalten, ubrig, drin, gehalten, zuruckbehalten, aufsparen, sparen, drinbleiben, verbleiben, freihalten, ubrig bleiben, bewahren
DEPART: losfahren, abfahrt, fahre, fahren, los, wegfahren, losfahre, abfahren, muss zur arbeit, zur arbeit, fahrt, aufbrechen, breche auf, fahr, aus dem haus, brauche das auto, brauche den wagen, brauch das auto, weg
READY: bereit, geladen, aufgeladen, laden, aufladen, fertig, ladung, vollgeladen, einsatzbereit, startklar, fahrbereit, lade, ladt, geladenes, ladestand
FULL: voll, vollgeladen, ganz voll, komplett, vollstandig, randvoll, volle, vollen, voller, vollem, komplett geladen, ganz, gesamte, gesamten
ALLOFIT: die ganze batterie, den ganzen speicher, die gesamte batterie, der ganze akku, den ganzen akku, volle batterie
EMPTY: leer, ganz leer
WANT: reicht, reichen, genugt, genugen, will, mochte, mochten, wollen, brauche, brauchen, muss, mussen, soll, sollen, sollte, bitte, immer, unbedingt, wunsche, stets, hatte gern, hatte gerne, braucht, benotige, benotigen, sollten, mocht, jederzeit, verlange, wunschen
USE: nutzen, benutzen, verwenden, nehmen, nehmt, nutzt, nutze, genutzt, benutzt, verwendet, anfassen, zugreifen, steuern, greifen, benutze, eingreifen, beruhren, fernsteuern, verwende, zugriff, regeln, schalten, betreiben, angreifen, antasten, eingriffe, eingriff
DRAIN: entladen, entladt, leeren, entladung, entnehmen, ziehen, entlade, entleeren, rausziehen, abgeben, entnommen, herausnehmen, rausnehmen, abzapfen
SINK: sinken, fallen, gehen, sinkt, fallt, geht, kommen
SELL: verkaufen, verkauft, verkaufe, verkauf, abgebe, handeln, anbieten, verkaufspreis, hergeben
EXPORT: einspeisen, einspeisung, speist, einspeist, ins netz, eingespeist, einzuspeisen, rucksspeisen, ruckspeisung, zuruckspeisen, netzeinspeisung, speisen, nulleinspeisung
V2G: v2g, bidirektional, v2h, bidirektionales
RANGE: reichweite, weit
CYC: zyklus, zyklen, vollzyklen, vollzyklus, ladezyklen, ladezyklus, vollladung, vollladungen, ladezyklem
OUTAGE: stromausfall, ausfall, notfall, notstrom, reserve, blackout, notreserve, backup, ausfalle, stromausfalle, uberbrucken, notfalle, stromausfallen, puffer, ersatzstrom, netzausfall
LOAD: kuhlschrank, grundlast, wichtige verbraucher, notlast, last, gefriertruhe, verbraucher, verbraucht, verbrauch
GE: mindestens, wenigstens, minimum, nicht weniger als, mind, min, zumindest, nicht unter, nie unter, niemals unter, ab, minimal, mindest, mindestpreis, oder mehr, mindestladung, mindestens noch, untergrenze
LE: hochstens, maximal, nicht mehr als, max, hochstens nur, maximum, nicht uber, bis zu, nie mehr als, niemals mehr als, obergrenze, oder weniger
BELOW: unter, weniger als, unterhalb, tiefer als, billiger als, niedriger als
ABOVE: uber, mehr als, oberhalb, hoher als
DOWNTO: bis auf, runter auf, runter bis, herunter bis, bis runter auf
LASTPART: letzten, letzte, untersten, unteren
TOPPART: oberen, ersten, obersten
REST: rest, ubrige, restliche
ONLY: nur, ausschliesslich, lediglich
PRICE: preis, vergutung, erlos, verguten, kriege, bekomme, bezahlt, vergutet, einspeisevergutung
PAYS: ich zahle, wir zahlen, kostet, stromrechnung, stromtarif, rechnung, zahle, kosten, mein tarif
ALONE: in ruhe, finger weg, nicht anfassen, nicht beruhren, tabu, sperren, gesperrt, nicht nutzen, unangetastet, sperrzeit, sperrzeiten, ruhezeit, keine eingriffe, nicht zugreifen, nicht steuern, nicht anruhren, hande weg, nicht teilnehmen, nicht mitmachen, aussteigen, kein interesse, raushalten, abmelden, ausgenommen, nicht verfugbar, nicht benutzen, nicht verwenden, nimmt nicht teil, keine steuerung, stehen lassen, nicht dran, ruhe
WHOLEOUT: nicht teilnehmen, nicht mitmachen, aussteigen, abmelden, kein interesse, nehme nicht teil, mache nicht mit, nicht mehr teilnehmen, nicht mehr mitmachen, nehmen nicht teil, machen nicht mit
ATALL: uberhaupt, gar, generell, jemals, gar nicht
CONS: konservativ, vorsichtig, sicherheitsorientiert
MODE: ausgewogen, moderat, gemassigt
AGGR: aggressiv, risikofreudig, gewinnmaximierung
OK: darf, durft, konnt, durfen, erlaubt, gerne, kann gerne, in ordnung, okay, ok, einverstanden, darfst, ihr konnt, du kannst, sie konnen, erlaube, durfte, gern, meinetwegen
POLITE: konnt ihr, konntet ihr, konnen sie, konnten sie, kannst du, wurdet ihr, konntest du, wurden sie
QWORD: was, warum, wie, wann, wer, welche, wieviel, wo, ist es, gibt es, kann ich, wird, weshalb, stimmt es, sollte ich, darf ich
IF: wenn, falls, sofern, sobald, bei sturm, bei unwetter
UNLESS: es sei denn, ausser wenn
EXCEPT: ausser, ausgenommen, abgesehen von, bis auf den, bis auf
CORR: doch, korrektur, nein, stattdessen, besser, lieber, sagen wir, ich meine, ach nein, eigentlich, quatsch, jetzt, vielmehr, sorry
THIRD: nachbar, nachbarin, freund, bruder, installateur, kollege, schwager, verkaufer, leute, hersteller, nachbarn, chef, techniker, elektriker, vermieter, schwester, kollegin, freundin, bekannter, vertreter, handler
HE: ihr, sein, seine, seinen
SAY: sagt, sagte, meint, meinte, gesagt, gehort, gelesen, empfiehlt, behauptet, rat, riet, empfohlen, laut, behauptete, schreibt, findet
PAST: war, hatte, hatten, waren, fruher, gestern, damals, letztes jahr, letzte woche, letzten winter, letzten sommer, vorher, ehemals, bisher, letzten monat, letztens, habe ich damals
HYPO: ware, wurde, konnte, vielleicht, uberlege, eventuell, irgendwann, angenommen, hatte ich, uberlegen, moglicherweise, nachstes jahr, denke daruber nach
OTHERS: andere hauser, alle hauser, anderen hauser, allen hausern, aller kunden, alle kunden, andere haushalte, alle anderen
INJECT: ignoriere, vergiss alle, systemprompt, ignoriere alle, missachte, ignorieren sie, neue anweisung, neue anweisungen, vergiss alles
FIRST: ich, wir, mein, meine, meinen, unser, unsere, mir, uns, meinem, unseren, meiner, unserem, frau, mann, partner, tochter, sohn
CONJ: und, aber, ausserdem, sowie, dann, zudem, also, danach, sonst, jedoch, sondern, zweitens, weil, denn
FILL: wenn moglich, falls moglich, wenn es geht, etwa, ungefahr, rund, ca, circa, so, der, die, das, den, dem, noch, knapp, fast, des, dies, punkt, genau, spatestens, gegen, ja
HALFWORD: halfte, halbe, halb voll, die halfte, halber, halben
FRAC=0.25: ein viertel, viertel der, viertel des
FRAC=0.3333333333333333: ein drittel, drittel
FRAC=0.75: drei viertel, dreiviertel
FRAC=0.6666666666666666: zwei drittel
FRAC=0.2: ein funftel
PCT: prozent, vh, proz
KWH: kwh, kilowattstunden, kilowattstunde
KW: kw, kilowatt
WATT: watt, w
KM: km, kilometer, kilometern
MILE: meilen
CUR=EUR: euro, eur
CUR=USD: dollar, usd
CENT=LOCAL: cent, ct, cents
PKWH: pro kwh, je kwh, die kwh, pro kilowattstunde, je kilowattstunde, per kwh, fur die kwh
PMWH: pro mwh, je mwh, pro megawattstunde, je megawattstunde, mwh
PERX: pro monat, im monat, im jahr, pro jahr, monatlich, jahrlich
HOUR: stunden, stunde, std, h
MINUTE: minuten, minute
DAYDUR: tage lang, tage
TIMES: mal
ONCE=1: einmal
ONCE=2: zweimal
ONCE=3: dreimal
PDAY: am tag, pro tag, taglich, je tag, taglich einmal, in 24 stunden
AMPM=am: morgens, fruh, vormittags, am morgen, in der fruh, uhr morgens, uhr fruh, morgen fruh
AMPM=pm: abends, nachmittags, am abend, am nachmittag, uhr abends, uhr nachmittags
AMPM=night: nachts, in der nacht
PART=am: morgen, vormittag
PART=pm: abend, nachmittag
PART=night: nacht
OCLOCK: uhr
NOON: mittag, mittags, zwolf uhr mittags
MIDN: mitternacht
HALB: halb
QPAST: viertel nach
QTO: viertel vor
TO: bis, bis um, bis zu
FROM: von, ab
BTW: zwischen
RAND: und
BY: vor, spatestens, bis spatestens, spatestens bis, bis spatestens um, spatestens um
AT: um
AFTER: nach, ab
DAY=0: montag, montags, mo
DAY=1: dienstag, dienstags, di
DAY=2: mittwoch, mittwochs, mi
DAY=3: donnerstag, donnerstags, do
DAY=4: freitag, freitags, fr
DAY=5: samstag, samstags, sonnabend, sa
DAY=6: sonntag, sonntags, so
DSET=01234: werktags, unter der woche, wochentags, werktagen, wochentagen, an werktagen, werktage, arbeitstagen, wochentage
DSET=56: wochenende, am wochenende, wochenenden, wochenends
DSET=0123456: jeden tag, taglich, immer, jeden morgen, jede nacht, jeden abend
ALLDAY: den ganzen tag, ganztags, rund um die uhr, ganzen tag
"""

NUMBERS = """
null ein|eins|eine|einen|einem|einer zwei|zwo drei vier funf|fuenf sechs sieben acht neun zehn elf zwolf|zwoelf dreizehn vierzehn funfzehn sechzehn siebzehn achtzehn neunzehn
zwanzig dreissig vierzig funfzig|fuenfzig sechzig siebzig achtzig neunzig
"""
HUNDRED = "hundert"

STOPWORDS = frozenset(
    "der die das und ich nicht mein meine ist mit auf bitte den im zu immer uhr ein eine kein keine mindestens unter dem "
    "nie will mochte soll batterie akku speicher von bis fur darf wir am sein werden muss um zum laden hochstens halte".split()
)
