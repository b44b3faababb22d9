"""The commonest words of some languages: those that say nothing about what a text is about.

They tell which Snowball stemmer fits a text and are left out of what a question is searched by. Knows nothing of texts.
"""

from __future__ import annotations

_WORDS = {
    "english": """
        a about after all also am an and any are as at be because been before being but by can could did do
        does doing during each few for from further had has have having he her here hers herself him himself
        his how i if in into is it its itself just me more most my no nor not of off on once only or other
        our out over own same she should so some such than that the their them then there these they this
        those through to too under until up upon very was we were what when where which while who whom whose
        why will with would you your""",
    "french": """
        au aux avec ce ces cette dans de des du elle elles en entre est et eux il ils je la le les leur
        leurs lui mais même ne nous on ont ou où par pas plus pour qu que quel quelle quels quelles qui sa
        sans se ses si son sont sur tout très un une vous était été être avait""",
    "german": """
        aber alle als also am an auch auf aus bei bin bis da dass daß dem den der des die dies diese dieser
        dieses doch du durch ein eine einem einen einer eines er es für hat hatte ich ihr ihm ihn im in ist
        kann mit nach nicht noch nur ob oder sehr sein seine sich sie sind so um und uns unter vom von vor
        war was weil welche wenn wer werden wie wird wir wo wurde zu zum zur über""",
    "spanish": """
        al algo como con cual cuál cuando cuándo de del desde donde dónde el él ella ellos en entre era es
        esta este esto fue ha hasta hay la las le les lo los mas más me mi muy no nos o para pero por porque
        que qué quien quién se ser si sí sin sobre son su sus también una un y ya""",
    "italian": """
        al alla alle anche che chi ci come con cosa da dal dalla dei del della delle di dove e è era essere
        gli ha hanno i il in io la le lei li lo loro lui ma mi nel nella non o per perché più quale quando
        questa questo se sei si sono su sua sue suo tra tu un una uno""",
    "portuguese": """
        ao aos as até com como da das de do dos e é ela ele eles em entre era essa esse esta este eu foi há
        isso já mais mas me meu muito na não nas nem no nos o onde os ou para pela pelo por qual quando que
        quem se seu sua são também tem um uma você""",
    "dutch": """
        aan al als bij dan dat de der deze die dit door een en er het hij hoe ik in is je maar me met mijn
        na naar niet nog of om onder ook op over te tegen tot uit van veel voor waar waarom wanneer was wat
        welke werd wie wij zij zijn ze zich zou""",
    "swedish": """
        alla att av de den det denna där efter ej eller en ett från för ha han har hon hur i inte jag kan
        man med men mot mycket när och om på samma sig sin som så till under upp ut vad var varför vem vi
        vid är över""",
    "russian": """
        а без был была были было быть в вам вас во вот все всё вы где да для до его ее её если есть еще ещё
        же за здесь и из или им их к как какая какой когда кого кто ли между меня мне мы на над не него нее
        нет ни но о об он она они оно от по под почему при про с со так такой там то только тот ты у уже
        чего чем что чтобы это этот я""",
}

FUNCTION_WORDS: dict[str, frozenset[str]] = {language: frozenset(words.split()) for language, words in _WORDS.items()}
"""By the name of the Snowball stemmer, lower-cased and with their accents."""

EASTERN_FUNCTION_CHARACTERS = frozenset(
    "的了是在有和与及就也都而着或把被让给从向对于之其此这那哪什么怎吗呢吧啊呀谁何为会能可不没很更最又再还只个们我你他她它"
    "のはがをにでともへやかなよねらりるれろだですますこそあどっ"
)
"""Ideographs and kana that mostly hold sentences together."""

EASTERN_PARTICLES = frozenset("的了是吗呢吧谁")
"""Those of them that hardly ever are part of a word."""
