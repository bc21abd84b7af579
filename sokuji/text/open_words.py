"""Words that ask for more, for each language: behind them, or a clause that they open, a sentence goes on.

Small tables of frequent words, spelled in lower case. A word that often ends a sentence as well is left out:
"on" of "turn it on", "her", "some". Languages without a table have none of these words.
"""

from collections.abc import Mapping
from typing import NamedTuple


class OpenWords(NamedTuple):
    """The words of one language."""

    linking: frozenset[str]
    """Articles, prepositions, conjunctions, auxiliaries: as the last word they leave a sentence open."""
    opening: frozenset[str]
    """As the first word they open a clause that another clause has to follow."""
    numbers: frozenset[str]
    """Of which dictated numbers consist."""
    hesitations: frozenset[str]
    """Sounds made while the next word is sought."""


NO_WORDS = OpenWords(frozenset(), frozenset(), frozenset(), frozenset())


def _words(linking: str, opening: str, numbers: str, hesitations: str) -> OpenWords:
    return OpenWords(*(frozenset(each.split()) for each in (linking, opening, numbers, hesitations)))


OPEN_WORDS: Mapping[str, OpenWords] = {
    "en": _words(
        "a an the my your our their its every and or but nor because although unless whether if that "
        "which who whose while of to at by with from into onto about for than as between without during "
        "until since toward towards via is are am was were be been being has have had will would shall "
        "should could may might must i'm you're we're they're it's i'll we'll you'll they'll i've we've "
        "they've i'd we'd you'd he she we they i very want wants need needs",
        "when if because although though while whereas after before since unless until as whenever once "
        "first firstly despite given",
        "zero oh one two three four five six seven eight nine ten eleven twelve twenty thirty forty fifty "
        "sixty seventy eighty ninety hundred thousand double",
        "uh um er erm hmm hm mm",
    ),
    "pt": _words(
        "o a os as um uma uns umas meu minha meus minhas seu sua seus suas nosso nossa do da dos das de "
        "no na nos nas em num numa ao aos à às por pelo pela pelos pelas para pra com sem sobre entre até "
        "desde contra e ou mas nem porque que se como quando onde cujo embora é são estão era foi foram ser "
        "estar ter tem têm tenho vou vai vão deve devem deverá deveremos gostaria queria preciso eu",
        "quando se porque embora enquanto como depois antes desde caso já primeiro apesar",
        "zero um uma dois duas três quatro cinco seis meia sete oito nove dez onze doze vinte trinta "
        "quarenta cinquenta sessenta setenta oitenta noventa cem cento mil",
        "hum hm ahn hã uh um",
    ),
    "es": _words(
        "el la los las un una unos unas mi mis tu tus su sus nuestro nuestra del de al a en por para con "
        "sin sobre entre hasta desde hacia contra según y e o u es pero ni sino porque que si como cuando "
        "donde cuyo aunque son están era fueron ser estar he ha han hemos tengo tiene tienen voy va van "
        "debe deben deberá deberemos gustaría quería quisiera necesito muy",
        "cuando si porque aunque mientras como después antes desde apenas primero según",
        "cero uno una dos tres cuatro cinco seis siete ocho nueve diez once doce veinte treinta cuarenta "
        "cincuenta sesenta setenta ochenta noventa cien ciento mil",
        "eh em mmm hm uh um",
    ),
    "fr": _words(
        "le la les l un une des du de d au aux mon ma mes ton ta tes son sa ses notre nos votre vos "
        "leur leurs ce cet cette ces à en dans par pour avec sans sur sous entre chez vers depuis pendant "
        "contre et ou mais ni car parce que qui quand si comme où dont lorsque puisque quoique est sont "
        "était suis sommes êtes être avoir ai as a avons avez ont vais vont doit doivent dois devra "
        "devrons devrez devront voudrais je j il ils on très",
        "quand si lorsque puisque comme après avant dès tandis pendant depuis d'abord malgré",
        "zéro un une deux trois quatre cinq six sept huit neuf dix onze douze treize quatorze quinze "
        "seize vingt trente quarante cinquante soixante cent mille",
        "euh heu hum hm",
    ),
    "it": _words(
        "il lo la i gli le l un uno una mio mia miei mie tuo tua suo sua nostro nostra quel del dello "
        "della dei degli delle di da dal dalla dai dalle a al allo alla ai agli alle in nel nello nella "
        "nei negli nelle con su sul sulla sui sulle per tra fra senza verso e ed o ma né perché che se "
        "come quando dove cui oppure è sono era erano sei siamo essere avere ho ha hanno abbiamo vado "
        "vanno deve devono devo dovrà dovremo dovranno vorrei",
        "quando se perché sebbene mentre siccome dopo prima appena poiché benché",
        "zero uno una due tre quattro cinque sei sette otto nove dieci undici dodici venti trenta "
        "quaranta cinquanta sessanta settanta ottanta novanta cento mille",
        "ehm eh mmm hm uhm",
    ),
    "de": _words(
        "der die das den dem des ein eine einen einem einer eines mein meine dein deine sein seine ihre "
        "unser unsere kein keine in im ins am aus bei beim von vom zum zur für über unter um durch gegen "
        "ohne zwischen seit und oder aber denn sondern weil dass ob wenn als wie obwohl damit ist sind "
        "war waren bin wird werden hat haben habe hatte muss müssen soll sollte möchte würde ich er wir",
        "wenn weil obwohl während nachdem bevor als da falls seit sobald bis zuerst",
        "null eins ein zwei zwo drei vier fünf sechs sieben acht neun zehn elf zwölf zwanzig dreißig "
        "vierzig fünfzig sechzig siebzig achtzig neunzig hundert tausend",
        "äh ähm hm öh",
    ),
}
