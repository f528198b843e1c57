"""The smallest words of languages that finding aids and patrons write in: those that tell a language."""

from __future__ import annotations

_LANGUAGES = {
    "en": """
        the of and to in is was are were for that with his her he she it they this which from by on at
        as be have has had not what who when where how do does did you your can there any me my i we if
        about or an these those their would could all
    """,
    "de": """
        der die das und ist war sind waren von zu den dem des ein eine einen einem einer nicht mit für
        auf im sich es er sie ich wir ihr haben hat gibt wer was wann wo wie welche welcher aus bei nach
        über auch an werden wurde einige seine ihre zum zur oder als hier diese dieser
    """,
    "fr": """
        le la les des du de et est était sont un une que qui dans pour pas sur avec il elle je vous nous
        ce cette ces au aux par plus ou où quand quelle quelles quel quels avez y se ne sa son ses leur
        leurs été d'un d'une l' c'est à en dont
    """,
    "es": """
        el la los las de del y es era son un una unos que en por para con no se su sus lo al como está
        hay qué quién cuándo dónde cuál cuáles cómo tienen tiene más o pero fue este esta estos le les
        ha sobre hasta desde
    """,
    "pt": """
        o a os as de do da dos das e é era são um uma que em no na nos nas por para com não se seu sua
        seus suas ao à aos mais como quem quando onde qual quais há tem têm foi este esta isso você
        vocês pelo pela ou mas até sobre
    """,
    "it": """
        il lo la i gli le di del della dei delle e è era sono un uno una che in per con non si su al
        alla nel nella come chi quando dove quale quali ci sono più ha hanno da dal anche questo questa
        fu o ma suo sua c'è
    """,
    "nl": """
        de het een en van is was zijn waren dat die in op te met voor niet aan er om ook als maar bij
        door naar uit wie wat waar wanneer hoe welke heeft hebben deze dit ik u hij zij wij over zijn
        haar worden werd nog geen
    """,
    "sv": """
        och är var att det som en ett på av för med den inte till har de om vi jag du han hon från finns
        vem vad när vilka vilken hur sina hans hennes eller men också efter under några ni er
    """,
    "da": """
        og er var at det som en et på af for med den ikke til har de om vi jeg du han hun fra findes
        hvem hvad hvornår hvilke hvilken hvordan sine hans hendes eller men også efter nogle nogen blev
    """,
    "no": """
        og er var å at det som en et på av for med den ikke til har de om vi jeg du han hun fra finnes
        hvem hva når hvilke hvilken hvordan sine hans hennes eller men også etter noen ble
    """,
    "pl": """
        i w z na do jest był była są że nie się to od o jak po co kto kiedy gdzie który które jakie czy
        dla przez za oraz ale jego jej ich mają ma lub przy
    """,
    "cs": """
        a v z na do je byl byla jsou že se to od o jak po co kdo kdy kde který které jaké pro přes za
        ale jeho její jejich mají má nebo při není
    """,
    "la": """
        et in est sunt erat ad de cum ex non ut qui quae quod per ab pro sed hic ille eius anno aut vel
        sive apud nec quam
    """,
}
WORDS = {language: frozenset(words.split()) for language, words in _LANGUAGES.items()}

ALIKE = (frozenset({"da", "no", "sv"}), frozenset({"ru", "uk", "bg", "be"}), frozenset({"cs", "sk"}))
"""Languages too alike in short texts for a difference to be said."""

NAMES = {
    "en": "English", "de": "German", "fr": "French", "es": "Spanish", "pt": "Portuguese", "it": "Italian",
    "nl": "Dutch", "sv": "Swedish", "da": "Danish", "no": "Norwegian", "pl": "Polish", "cs": "Czech",
    "la": "Latin", "ru": "Russian", "uk": "Ukrainian", "el": "Greek", "he": "Hebrew", "ar": "Arabic",
    "zh": "Chinese", "ja": "Japanese", "ko": "Korean", "hi": "Hindi", "hy": "Armenian", "ka": "Georgian",
    "th": "Thai",
}  # fmt: skip
"""What a librarian calls them."""
