"""Words in names that are no names: titles, suffixes, particles, short forms, what bodies are called."""

from __future__ import annotations

TITLES = frozenset(
    """
    mr mrs ms miss mme mlle madame mademoiselle monsieur herr frau fraulein dr doctor rev reverend fr father
    sir lady lord dame baron baroness count countess earl viscount duke duchess marquis prince princess hon
    honorable honourable gen general col colonel maj major capt captain lt lieut lieutenant sgt sergeant cpl
    pvt private ensign adm admiral commodore gov governor pres president sen senator rep congressman judge
    justice prof professor bishop archbishop cardinal pope rabbi sister brother mother esq don dona senor
    senora st saint secretary squire deacon elder
    """.split()
)
"""Forms of address and ranks that stand before a name."""

WOMEN_TITLES = frozenset({"mrs", "mme", "madame", "frau", "lady", "senora"})
"""Those that a husband's first name may follow."""

SUFFIXES = {
    "jr": "jr",
    "junior": "jr",
    "ii": "jr",
    "sr": "sr",
    "senior": "sr",
    "iii": "iii",
    "iv": "iv",
    "esq": "",
}
"""What tells a son from a father, by how it is written."""

PARTICLES = frozenset(
    "de del della di da du des la le van von der den vom zu zum ter ten y af av al el".split()
)

SHORT_FORMS = {
    "wm": "william", "willm": "william", "jno": "john", "geo": "george", "chas": "charles", "thos": "thomas",
    "jas": "james", "saml": "samuel", "sam": "samuel", "benj": "benjamin", "benjn": "benjamin",
    "robt": "robert", "richd": "richard", "edw": "edward", "edwd": "edward", "danl": "daniel",
    "dan": "daniel", "nathl": "nathaniel", "jos": "joseph",
    "alexr": "alexander", "alex": "alexander", "fredk": "frederick", "fred": "frederick",
    "archd": "archibald", "abm": "abraham", "theo": "theodore", "jona": "jonathan", "margt": "margaret",
    "cath": "catherine", "eliz": "elizabeth", "elizth": "elizabeth", "matt": "matthew", "mich": "michael",
    "tom": "thomas", "will": "william", "bill": "william", "bob": "robert", "jim": "james", "joe": "joseph",
    "dick": "richard", "ben": "benjamin", "joh": "johann", "friedr": "friedrich", "wilh": "wilhelm",
}  # fmt: skip
"""First names as they were abbreviated, and a few plain short ones, written out."""

MEN = frozenset(
    """
    abraham adam albert alexander alfred andrew anthony arthur benjamin bernard carl charles christopher
    daniel david donald douglas edgar edmund edward edwin ernest eugene francis frank franklin frederick
    george gerald gilbert harold harry henry herbert herman horace howard hugh isaac jacob james jerome
    john jonathan joseph joshua kenneth lawrence leonard lewis louis martin matthew michael milton moses
    nathan nathaniel nicholas norman oliver oscar patrick paul peter philip ralph raymond richard robert
    roger ronald roy samuel stephen theodore thomas timothy victor vincent walter warren william
    """.split()
)
"""Common first names of men: after "Mrs." they are the husband's."""

WOMEN = frozenset(
    """
    abigail ada adelaide agnes alice alma amanda amelia amy andrea angela ann anna anne annie barbara beatrice
    bertha bessie betty beverly caroline carolyn carrie catherine catharine cathy charlotte christina
    christine clara claudia constance cornelia cynthia daisy deborah diana diane dolores doris dorothy edith
    edna eleanor elinore eliza elizabeth ella ellen elsie emily emma esther ethel eva evelyn fannie fanny
    florence frances gertrude gladys grace hannah harriet hazel helen henrietta hilda ida irene isabel
    isabella jane janet jean jennie jessie joan josephine joyce judith julia karen kate katharine katherine
    kathleen laura leah lillian lilian lois louisa louise lucille lucretia lucy lydia mabel margaret maria
    marian marie marion marjorie martha mary matilda maud maude may mildred minnie miriam molly nancy nellie
    nettie nora olive olivia pamela patricia patience pauline pearl phoebe polly priscilla rachel rebecca
    rosa rose ruth sally sara sarah sharon shirley sophia stella susan susanna susannah susie sylvia teresa
    theresa ursula vera victoria viola virginia vivian wilhelmina winifred
    """.split()
)
"""Common first names of women."""

_MORE_MEN = frozenset(
    """
    aaron abner abram allan allen alan alvin amos archibald asa augustus barney barry bill brian bruce
    caleb calvin cecil
    chester clarence claude clayton clifford clyde cornelius curtis cyrus dale dean dennis don duncan dwight
    earl ebenezer edmond elias elihu elijah elisha eli emil ephraim erastus eric erwin ezra felix floyd fred
    gary gene geoffrey glenn gordon graham gregory gustav guy hans harvey hector heinrich hermann hiram
    homer hubert humphrey humphry ira irving israel ivan jack jared jason jay jeremiah jesse jim joe joel
    johann jonas josiah juan julian julius karl keith leo leon leonard leroy leslie levi lloyd lucius luther
    lyman malcolm marcus mark marshall maurice max maynard mike morris neil nelson noah otto owen percy
    perry pierre ray reginald reuben rex rodney roland ross rufus rupert russell salmon seth sidney silas
    simeon simon solomon stanley steve steven stuart theodor tobias vernon virgil wallace ward wendell wesley
    wilbur willard willis wilson winslow woodrow zachariah
    """.split()
)
_ABROAD = frozenset(
    """
    adele alberto alexandre alfredo alphonse andre anton antonio arturo astrid bernardo boris camille
    carlo carlos cecile claire diego dmitri eduardo emile enrique erik ernesto ernst fernando fidel
    francesco francisco francois franz frederic friedrich fritz gaston georg gerhard giovanni giuseppe
    guido gunther hedwig helene hugo ignacio igor ingrid irina jacques javier jeanne joaquin jorge jose
    josef jurgen katarina klaus kurt lars lorenzo lucien ludwig luigi luis mae manuel marcel marcello
    margarethe mario marta matteo mathilde michel miguel mikhail natalia nikolai nils odette olaf olga
    oskar pablo paolo pedro pietro rafael ramon raoul rene ricardo roberto rudolf salvador sergei
    siegfried simone stefan sven tatiana vicente vittorio vladimir werner wilhelm wolfgang yvonne
    """.split()
)
FIRST_NAMES = MEN | _MORE_MEN | WOMEN | _ABROAD
"""First names common enough to tell a person's name from a heading."""

CORPORATE = frozenset(
    """
    company co corp corporation inc ltd llc bros association assn society club union league federation
    committee commission council board bureau department dept office ministry agency administration
    university college school institute academy seminary library museum archives church parish diocese
    bank railroad railway foundation fund trust institution center centre hospital press publishers
    newspaper magazine theatre theater orchestra band regiment army navy congress court treasury
    government states authority group service services family program project conference congregation
    camp studio studios records files activities music publishing
    """.split()
)
"""A name with one of these is a body's or a family's."""
