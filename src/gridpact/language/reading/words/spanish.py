"""Spanish words of the reader, without accents."""

WORDS = """
BATT: bateria, baterias, acumulador, almacenamiento, pila, bateria de casa
CAR: coche, carro, auto, vehiculo, tesla, coche electrico, vehiculo electrico, carro electrico, camioneta, bateria del coche, bateria del carro
SOLAR: paneles, solares, placas, solar, fotovoltaica, paneles solares, placas solares
HOME: casa, hogar, todo, vivienda, instalacion
GRID: red, red electrica
IT: lo, eso, la
NEG: no, nunca, jamas, sin, nada, ni, ningun, ninguna, prohibido, tampoco, nadie, evitar, eviten, prohibo
OKNEG: no me importa, no importa, da igual, no hace falta, no necesito, sin problema, me da igual, no es necesario, no hay problema, no tengo inconveniente, no tengo problema, no pasa nada, no me molesta
KEEP: guardar, guarda, guarden, mantener, mantenga, manten, mantengan, reservar, reserva, reserven, dejar, deja, dejen, conservar, conserva, quede, quedar, guarde, reserve, deje, queden, mantenme, guardame, ahorra, conserven, conserve, quede siempre, dejame, retener
DEPART: salgo, salir, sale, salida, me voy, conducir, manejar, irme, voy al trabajo, marcho, parto, salimos, salgo para, ir al trabajo, usar el coche, usar el carro, necesito el coche, necesito el carro
READY: listo, lista, cargado, cargada, cargar, carguen, cargue, carga, preparado, recargado, cargalo
FULL: lleno, llena, completo, completa, completamente, al maximo, totalmente, a tope, por completo, entera, entero
ALLOFIT: toda la bateria, la bateria entera, bateria llena, bateria completa
EMPTY: vacio, vacia
WANT: basta, bastan, es suficiente, me alcanza, quiero, necesito, debe, deben, tiene que, por favor, siempre, quisiera, deseo, tener, hay que, prefiero, favor, en todo momento, queremos, necesitamos, tenga, este, esten, ha de, debera, exijo, asegurense, gustaria
USE: usar, usen, use, utilizar, utilicen, tocar, toquen, toque, tomar, tomen, sacar, saquen, controlar, usa, toca, utilice, disponer, gastar, gasten, manejen, toques, uses, utilices, usarse, usarla, tomar de, coger, cojan, intervenir, intervengan, intervenciones
DRAIN: descargar, descarguen, descargue, vaciar, vacien, descarga, descargas, vacies, consumir, descargues
SINK: bajar, baje, bajen, caer, caiga, descender, pase, baja
SELL: vender, vendan, vendo, venda, venta, vendas, vende, ofrecer, vendais, venderia, vendamos
EXPORT: exportar, exporten, inyectar, inyecten, verter, devolver, exportacion, viertan, vertido, vertidos, inyeccion, exporte, devolver a la red, enviar, envien, inyectes, exportes, volcar, inyecte
V2G: v2g, bidireccional, v2h
RANGE: autonomia
CYC: ciclo, ciclos, ciclo completo, ciclos completos, ciclo de carga, ciclos de carga
OUTAGE: apagon, apagones, corte, cortes, emergencia, emergencias, respaldo, cortes de luz, corte de luz, reserva, se va la luz, sin luz, fallo de red, cortes de energia, imprevistos
LOAD: nevera, refrigerador, congelador, carga critica, cargas criticas, frigorifico, consumo
GE: al menos, minimo, como minimo, por lo menos, no menos de, nunca menos de, un minimo de, a partir de, por encima de, o mas, cuando menos, minimo de, no inferior a
LE: como maximo, maximo, a lo sumo, no mas de, hasta un, nunca mas de, un maximo de, maximo de, hasta, mas de no, o menos, tope, no superior a, como mucho
BELOW: debajo de, menos de, por debajo de, por debajo del, debajo del, abajo de, abajo del, bajo, menor a, inferior a, del
ABOVE: mas de, mas del, mas que, encima de, arriba de, superior a, mayor a
DOWNTO: hasta llegar a
LASTPART: ultimo, ultimos
TOPPART: primeros, primer
REST: el resto, lo demas, excedente
ONLY: solo, solamente, unicamente, exclusivamente
PRICE: precio, tarifa de venta, paguen, pago, pagan, precio minimo, paguen menos
PAYS: yo pago, pagamos, factura, me cuesta, cuesta, mi tarifa, recibo de luz
ALONE: en paz, tranquilo, tranquila, no tocar, no toquen, no usar, no usen, no disponible, bloqueado, no quiero participar, no participar, fuera de limites, no utilizar, no utilicen, no molesten, no molestar, no participo, darme de baja, no toques, no uses, no use, no toque, ni tocar, prohibido tocar, ninguna intervencion, quietos, ni se toca, no se toca, no se toque, no se usa, no se use, intocable, no me interesa
WHOLEOUT: no quiero participar, no participar, no participo, darme de baja, no me interesa, no deseo participar, ya no quiero participar
ATALL: para nada, en absoluto, bajo ningun concepto, de ninguna manera
CONS: conservador, conservadora, prudente, cauteloso, precavido, cautelosa
MODE: moderado, equilibrado, moderada
AGGR: agresivo, agresiva
OK: puede, pueden, puedes, permitido, permito, de acuerdo, esta bien, adelante, ok, vale, autorizo, sin restriccion, se permite
POLITE: podrian, podrias, pueden ustedes, podria usted, me pueden, me podrian, puedes por favor, podeis, podriais, puedes
QWORD: que pasa, cuanto, cuanta, cuantos, por que, como funciona, cuando, quien, cual, donde, cuantas, que sucede, es posible, puedo, debo, deberia
IF: si, en caso de tormenta, cuando haya, si hay, en caso de huracan
UNLESS: a menos que, salvo que, excepto si, salvo si
EXCEPT: excepto, salvo, menos los, menos el, exceptuando, a excepcion de
CORR: mejor, en realidad, perdon, corrijo, digo, mas bien, bueno no, espera, en vez, ahora, en lugar, no mejor, correccion, pensandolo bien
THIRD: vecino, vecina, amigo, hermano, instalador, cunado, vendedor, gente, fabricante, amigos, primo, tecnico, companero, jefe, hermana, vecinos, electricista, comercial
HE: el suyo, su, sus, ella
SAY: dice, dijo, dicen, recomienda, oi, escuche, lei, piensa, segun, asegura, cree, recomendo, aconseja, me han dicho, cuenta
PAST: era, tenia, teniamos, antes, ayer, el ano pasado, guardaba, estaba, habia, la semana pasada, anteriormente, antiguo, vendia, dejaba, solia, el mes pasado, el verano pasado, el invierno pasado, mantenia, hace anos, tuve
HYPO: seria, podria, quizas, quiza, tal vez, algun dia, pensando en, estoy pensando, si tuviera, hubiera, a lo mejor, tendria, el ano que viene, planteando
OTHERS: otras casas, todas las casas, todos los clientes, otros hogares, todos los hogares, los demas, otros clientes
INJECT: ignora las instrucciones, ignore las instrucciones, olvida las instrucciones, nuevas instrucciones, instrucciones anteriores, ignora todo, ignora todas
FIRST: yo, mi, mis, nosotros, nuestro, nuestra, me, nos, nuestros, mujer, esposa, marido, esposo
CONJ: y, e, pero, tambien, ademas, luego, entonces, sin embargo, aunque, asi como, asimismo, porque
FILL: si es posible, si se puede, aproximadamente, unos, unas, mas o menos, cerca de, alrededor de, la, el, los, las, de, del, un, casi, en punto, sobre, a mas tardar, como
HALFWORD: mitad, la mitad, medio, media bateria, media
FRAC=0.25: un cuarto, una cuarta parte, cuarta parte
FRAC=0.3333333333333333: un tercio, una tercera parte, tercera parte
FRAC=0.75: tres cuartos, tres cuartas partes
FRAC=0.6666666666666666: dos tercios
FRAC=0.2: un quinto, quinta parte
PCT: por ciento, porciento, por cien
KWH: kwh, kilovatios hora, kilovatios-hora, kilovatio hora
KW: kw, kilovatios, kilovatio, kilowatts
WATT: watts, vatios
KM: km, kilometros, kms
MILE: millas
CUR=EUR: euro, euros, eur
CUR=USD: dolares, dolar, usd
CENT=LOCAL: centavos, centimos, centavo, centimo, cents, ct
PKWH: por kwh, el kwh, cada kwh, por kilovatio hora, por kilovatio, kilovatio, por kw, al kwh
PMWH: por mwh, el mwh, mwh, por megavatio hora, el megavatio hora, por megavatio
PERX: al mes, por mes, al ano, por ano
HOUR: horas, hora, hrs, h
MINUTE: minutos, minuto
DAYDUR: dias de
TIMES: veces
ONCE=1: una vez
ONCE=2: dos veces
PDAY: al dia, por dia, diario, diarios, cada dia, diaria
AMPM=am: de la manana, por la manana, am, a.m, a.m., cada manana, por las mananas, de la madrugada
AMPM=pm: de la tarde, de la noche, por la tarde, pm, p.m, p.m., por las tardes
AMPM=night: por la noche, por las noches, cada noche
PART=am: manana, mananas
PART=pm: tarde, tardes
PART=night: noche, noches
NOON: mediodia
MIDN: medianoche
HPOST: y media
QPOST: y cuarto
QTOPOST: menos cuarto
TO: a, hasta, hasta las, a las, hasta la, al
FROM: de, desde, desde las, de las, desde la, del, de la
BTW: entre, entre las
RAND: y
BY: antes de, antes de las, para las, a mas tardar a las, antes de la, a mas tardar
AT: a las, a la, sobre las, las
AFTER: despues de, a partir de las, despues de las, a partir de
DAY=0: lunes
DAY=1: martes
DAY=2: miercoles
DAY=3: jueves
DAY=4: viernes
DAY=5: sabado, sabados
DAY=6: domingo, domingos
DSET=01234: entre semana, dias laborables, dias de semana, dias habiles, de lunes a viernes, dias laborales
DSET=56: fin de semana, fines de semana, los fines de semana
DSET=0123456: todos los dias, cada dia, a diario, diariamente
ALLDAY: todo el dia, las 24 horas
"""

NUMBERS = """
cero uno|una|un dos tres cuatro cinco seis siete ocho nueve diez once doce trece catorce quince dieciseis diecisiete dieciocho diecinueve
veinte treinta cuarenta cincuenta sesenta setenta ochenta noventa
"""
HUNDRED = "cien|ciento"

STOPWORDS = frozenset(
    "el la los las de y no mi en que por para nunca siempre con coche bateria menos al quiero carro una necesito favor "
    "entre lo se del es debajo mantener vender este un hasta usen mas reserva dejar red guarda".split()
)
