"""French words of the reader, without accents."""

WORDS = """
BATT: batterie, batteries, accu, stockage, accumulateur, batterie domestique, batterie de la maison
CAR: voiture, auto, vehicule, tesla, zoe, bagnole, voiture electrique, ve, batterie de la voiture, batterie de ma voiture, caisse, megane, borne
SOLAR: panneaux, solaire, photovoltaique, panneaux solaires, pv
HOME: maison, foyer, logement, tout, installation
GRID: reseau, edf, enedis
IT: ca, cela, elle
NEG: pas, jamais, ne, aucun, aucune, sans, rien, interdit, interdiction, n, interdis, refuse, plus jamais, evitez, eviter
OKNEG: peu importe, ca m'est egal, pas besoin, pas besoin de, pas de probleme, ca ne me derange pas, pas necessaire, aucun probleme, pas d'objection, m'est egal, n'ai pas besoin, ne me derange pas, derange pas
KEEP: garder, gardez, garde, conserver, conservez, reserver, reservez, reserve, laisser, laissez, laisse, rester, reste, maintenir, maintenez, preserver, conserve, mettre de cote, gardes, sauvegarder, maintiens, restent, restant, reserves, gardee
DEPART: pars, partir, depart, quitte, quitter, part, partons, vais au travail, prends la route, conduire, m'en vais, prends la voiture, ai besoin de la voiture, ai besoin de ma voiture, besoin de la voiture
READY: prete, pret, chargee, charge, rechargee, recharge, charger, recharger, chargez, rechargez
FULL: pleine, plein, completement, entierement, a bloc, complete, totalement, a fond
ALLOFIT: toute la batterie, la batterie entiere, batterie pleine, l'integralite de la batterie, batterie entiere
EMPTY: vide, a plat
WANT: suffit, suffisent, veux, voudrais, souhaite, besoin, doit, doivent, il faut, faut, svp, s'il vous plait, toujours, merci de, aimerais, j'ai besoin, desire, exige, imperativement, en permanence, voulons, souhaitons, s'il te plait, tout le temps
USE: utiliser, utilisez, toucher, touchez, touche, prendre, prenez, utilise, servir, puiser, piocher, controler, pilotez, piloter, vous servir, puisez, prelever, prelevez, serve, intervenir, intervention, touchiez, utilisiez
DRAIN: decharger, dechargez, vider, videz, decharge, decharges, dechargee, vide, soutirer
SINK: descendre, descend, tomber, descende, tombe, passer, passe, baisser, descendez, aller
SELL: vendre, vendez, vends, vente, vend, ceder, vendu, revendre, vendue
EXPORT: revente, reinjection, injecter, injectez, injection, exporter, exportez, renvoyer, reinjecter, exportation, injecte, renvoyez, envoyer, envoyez, exporte, reinjectez
V2G: v2g, bidirectionnelle, v2h, bidirectionnel
RANGE: autonomie
CYC: cycle, cycles, cycle complet, cycles complets, cycle par jour
OUTAGE: panne, coupure, pannes, coupures, urgence, secours, coupure de courant, reserve, pannes de courant, coupures de courant, panne de courant, en cas de panne, en cas de coupure, blackout, delestage, urgences
LOAD: frigo, congelateur, essentiels, charge critique, charges critiques, refrigerateur
GE: au moins, minimum, au minimum, pas moins de, pas en dessous de, jamais moins de, a partir de, mini, jamais en dessous de, pas moins que, jamais sous, pas sous, ou plus, un minimum de, au mini, minimal
LE: au plus, maximum, au maximum, pas plus de, maxi, jusqu'a, max, jamais plus de, pas plus que, a hauteur de, un maximum de, tout au plus, pas au-dessus de
BELOW: sous, moins de, en dessous de, en-dessous de, en dessous, inferieur a, moins cher que, en deca de
ABOVE: plus de, au-dessus de, au dessus de, superieur a, plus que
DOWNTO: jusqu'a descendre a
LASTPART: derniers, dernier
TOPPART: premiers
REST: le reste, surplus
ONLY: seulement, uniquement, que, exclusivement
PRICE: prix, tarif de vente, remuneration, paye, remunere, prix minimum, prix plancher
PAYS: je paie, nous payons, facture, me coute, coute, mon tarif, je paye, ma facture
ALONE: tranquille, en paix, laissez tranquille, hors service, pas toucher, ne touchez pas, bloquer, indisponible, interdit, ne pas utiliser, n'utilisez pas, ne pas toucher, ne rien faire, ne faites rien, aucune intervention, ne participe pas, ne participez pas, ne veux pas participer, ne plus participer, me retirer, hors limites, ne pas deranger, desinscrire, me desinscrire, ne souhaite pas participer, n'y touchez pas, ne touche pas, n'utilise pas, n'utiliser pas, plus participer, pas participer, intouchable
WHOLEOUT: ne veux pas participer, ne plus participer, me retirer, ne participe pas, desinscrire, me desinscrire, ne souhaite pas participer, plus participer, pas participer, ne participe plus, ne souhaite plus participer, ne veux plus participer
ATALL: du tout, en aucun cas, sous aucun pretexte, absolument
CONS: prudent, conservateur, prudente
MODE: modere, equilibre, moderee
AGGR: agressif, agressive
OK: pouvez, peux, autorise, autorisee, d'accord, permis, vous pouvez, tu peux, peut, allez-y, ok, autorises, libre
POLITE: pouvez-vous, pourriez-vous, peux-tu, pouvez vous, pourriez vous, pourrais-tu, est-ce possible de, serait-il possible de, est il possible de, pourrait-on
QWORD: quel, quelle, quels, combien, pourquoi, comment, quand, qui, qu'est-ce, est-ce que, est ce que, que se passe-t-il, est-ce, puis-je, dois-je, quoi
IF: si, s'il y a, en cas de tempete, en cas d'orage, lorsque, quand il y a
UNLESS: sauf si, a moins que, a moins
EXCEPT: sauf, excepte, hormis, a part, a l'exception de, a l'exception du, en dehors de
CORR: plutot, en fait, finalement, correction, pardon, disons, non, a la place, enfin non, je veux dire, mieux, maintenant, desormais, euh non
THIRD: voisin, voisine, ami, frere, installateur, collegue, vendeur, gens, voisins, amis, beau-frere, fabricant, soeur, technicien, copain, cousin, electricien, proprietaire, commercial
HE: il, son, sa, ses, lui
SAY: dit, disait, pense, recommande, entendu, conseille, lu, pretend, affirme, disent, selon, a dit, m'a dit
PAST: etait, avait, avais, avant, hier, l'an dernier, l'annee derniere, autrefois, gardais, etais, semaine derniere, ancien, ancienne, le mois dernier, l'hiver dernier, l'ete dernier, jadis, ai eu, avions, gardait, vendais, auparavant
HYPO: serait, aurais, pourrais, peut-etre, pense a, songe a, un jour, reflechis, si j'avais, eventuellement, envisage, l'annee prochaine, hesite
OTHERS: autres maisons, toutes les maisons, tous les clients, autres foyers, tous les foyers, autres clients, chez les autres
INJECT: ignorez les instructions, ignore les instructions, oubliez les instructions, ignorez, prompt systeme, nouvelles instructions, instructions precedentes, oublie toutes, ignore toutes
FIRST: je, j'ai, j, nous, mon, ma, mes, notre, moi, on, vous, ma femme, mon mari, femme, mari
CONJ: et, mais, aussi, puis, ensuite, egalement, par contre, cependant, en plus, sinon, ainsi que, parce, car
FILL: si possible, si vous pouvez, environ, a peu pres, la, le, les, l, de, du, des, d, vers, une, un, presque, quelque, ma, pile, au plus tard
HALFWORD: moitie, la moitie, demi, une demi
FRAC=0.25: un quart
FRAC=0.3333333333333333: un tiers, le tiers
FRAC=0.75: trois quarts, les trois quarts, trois-quarts
FRAC=0.6666666666666666: deux tiers, les deux tiers
FRAC=0.2: un cinquieme
PCT: pour cent, pourcent, pourcents, pour-cent
KWH: kwh, kilowattheures, kilowattheure, kilowatt-heures, kilowatts heures
KW: kw, kilowatt, kilowatts
WATT: watts, watt
KM: km, kilometres, kilometre, bornes
MILE: miles
CUR=EUR: euro, euros, eur
CUR=USD: dollars, dollar, usd
CENT=LOCAL: centimes, centime, cents, ct, cts, cent
PKWH: par kwh, le kwh, du kwh, par kilowattheure, le kilowattheure, au kwh
PMWH: par mwh, le mwh, du mwh, mwh, par megawattheure, le megawattheure
PERX: par mois, par an, par semaine
HOUR: heures, heure, h
MINUTE: minutes, minute
DAYDUR: jours de, jours d
TIMES: fois
ONCE=1: une fois
ONCE=2: deux fois
PDAY: par jour, quotidien, chaque jour, quotidiens, / jour
AMPM=am: du matin, le matin, chaque matin, demain matin, tous les matins
AMPM=pm: du soir, le soir, de l'apres-midi, l'apres-midi, de l'apres midi, chaque soir, l'apres midi
AMPM=night: la nuit, de nuit, chaque nuit
PART=am: matin
PART=pm: soir, soiree, apres-midi
PART=night: nuit
NOON: midi
MIDN: minuit
HPOST: et demie, et demi
QPOST: et quart
QTOPOST: moins le quart, moins quart
TO: a, jusqu'a, jusque, au
FROM: de, depuis, a partir de, des
BTW: entre
RAND: et
BY: avant, pour, d'ici, au plus tard a
AT: vers
AFTER: apres, a partir de
DAY=0: lundi, lundis
DAY=1: mardi, mardis
DAY=2: mercredi, mercredis
DAY=3: jeudi, jeudis
DAY=4: vendredi, vendredis
DAY=5: samedi, samedis
DAY=6: dimanche, dimanches
DSET=01234: en semaine, jours ouvres, jours de semaine, la semaine, jours ouvrables, jours de travail
DSET=56: week-end, weekend, week-ends, weekends, le week-end, fin de semaine
DSET=0123456: tous les jours, chaque jour, tous les matins, toutes les nuits, tous les soirs, quotidiennement
ALLDAY: toute la journee, 24h/24, toute la journee entiere
"""

NUMBERS = """
zero un|une deux trois quatre cinq six sept huit neuf dix onze douze treize quatorze quinze seize dix-sept dix-huit dix-neuf
vingt trente quarante cinquante soixante soixante-dix|septante quatre-vingts|quatre-vingt|huitante quatre-vingt-dix|nonante
"""
HUNDRED = "cent"

STOPWORDS = frozenset(
    "le la les de du et je ne pas mon ma jamais dans est pour avec au une batterie voiture vous gardez moins toujours en "
    "que mes touchez veux entre sous plus matin nous soit il doit vendez reserve pendant par l j n d".split()
)
