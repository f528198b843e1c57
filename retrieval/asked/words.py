"""Words of questions by what they do: fill, join, name a body or an event, make an adjective of a people."""

from __future__ import annotations

from retrieval.words import TITLES as WRITTEN_TITLES

STOP_WORDS = frozenset(
    """
    a about above after all also am an and any anything are as at be because been before being between
    both but by can could d did do does doing don during each ever find for from get give good got had
    has have having he hello her here hers hey hi him his hold holding holdings how i id if im in inside
    into is it its ive just kept know like ll look looking m many may me might mine more most much must
    my need no not of off on once one only or other our out over own please re regarding s see shall she
    should show since so some somebody someone something stuff such t tell than thank thanks that the
    their them then there these they thing things this those through to under until up ve very want was
    we were what whats when where wheres whether which while who whom whos whose why will with within would
    you your yours
    """.split()
)
GENERIC = frozenset(
    """
    archive archives box boxes collection collections correspondence document documents file files
    folder folders held item items letter letters library manuscript manuscripts material materials
    paper papers record records series write writing written wrote year years
    """.split()
)
MONTHS = frozenset(
    """
    apr april aug august dec december feb february friday jan january jul july jun june mar march may
    monday nov november oct october saturday sep sept september sunday thursday tuesday wednesday
    """.split()
)
SEASONS = frozenset("spring summer autumn fall winter christmas easter".split())

FOREIGN_SMALL = frozenset(
    """
    au aux avec avez chez ces cette dans dans des du elle en entre est et il la le les leur lui nos notre ou
    par pas pour quelle quelles quel quels que qui sa ses si son sont sur un une vos votre vous y
    aus bei bis das dem den der des die ein eine einem einen einer es fur gibt haben hat ich ihr ihre ist
    kann konnen mit nach oder sie sind uber und uns von vom vor war welche welcher wer wie wo zu zum zur
    al con cual cuales de del donde el ella en entre es esta fue ha hay la las lo los mas para por que
    quien se sin sobre son su sus tiene tienen un una unos usted ustedes y
    ao aos as com da das do dos e ele em entre foi ha na nas no nos os ou pela pelo quais qual quem sao
    sobre tem um uma voce voces
    """.split()
)
"""Articles, prepositions and the like in French, German, Spanish and Portuguese."""

CONNECTORS = frozenset(
    "de du da di del della dei van von der den ter ten la le las los dos das e y al bin ibn zu".split()
)
"""Small words inside a name."""

CHAT = frozenset(
    """
    actually afternoon also anybody anyone anywhere ask asking available believe check class come could
    curious dear doc docs does east evening everything first good google great greetings heard help hello
    hoping information interested item items last later maybe morning new north okay ok old online open
    original originals paper perhaps possibly reading really related research researching say second
    sir south sorry staff still stuff sure think trying west wonder wondering yes
    ancestor ancestors aunt boyfriend brother brothers cousin dad daughter father girlfriend grandad granddad
    grandfather grandma grandmother grandpa grandparents great husband mom mother mum nephew niece parents
    relative relatives sister sisters son uncle wife
    """.split()
)
"""Words of talk and of kinship that are capitalised or near a name and are none."""

TITLES = WRITTEN_TITLES | frozenset(
    """
    mayor congressman congresswoman ambassador commissioner chancellor cardinal sister father baron baroness
    princess duchess countess viscount viscountess marquis sheriff
    """.split()
)
"""Words before or after a name that are no part of it, those of offices included."""

BODIES = frozenset(
    """
    academy agency alliance army assembly association asylum bank band battalion board brigade brothers bureau
    cathedral caucus cavalry center centre chapter choir chorus church city club coalition collective college
    colony commission committee company
    conference congress convention conservatory convent corporation corps council court department
    district division federation festival foundation fund galleries gallery government guild hall high
    hospital hotel house inc infantry institute institution league library lodge lodges ltd
    ministry mission museum navy observatory office opera orchestra order orphanage parish parliament party
    press program project
    railroad railway regiment review school schools secretary seminary senate service society station
    studio studios synagogue team temple theater theatre town township tribe tribune troop trust union
    university village volunteers workshop
    """.split()
)
"""Last words of the names of bodies, which write and receive letters but are no persons."""

THINGS = frozenset(
    """
    act affair age bible amendment avenue award bay beach bill boulevard bowl bridge building camp campaign
    canal canyon case
    century championship city coast conspiracy county creek crisis crusade cup dam day depression disaster
    doctrine earthquake era exhibition exposition expedition fair falls fire flood forest fort freeway
    frontier game games garden gardens glacier harbor harbour heights highway hill hills hurricane incident
    island islands lake lane line mall march massacre mill mills mine monument mountain mountains movement
    novel ocean olympics pandemic park parade parkway peak peninsula plan plantation plateau play pond port
    prison prize purchase ranch range reconstruction reef renaissance reservation revival revolution ridge
    riot riots river road route rush sea siege speech square statue strait street strike swamp terrace
    territory trail treaty trial trials tunnel turnpike valley war wars wharf woods zoo
    """.split()
)
"""Last words of the names of places and events, which write no letters."""

PEOPLES = frozenset(
    """
    african american americans arab armenian asian australian austrian belgian black brazilian british
    canadian catholic caribbean cherokee chinese christian colonial confederate creole cuban czech danish
    democrat democratic dutch english european filipino finnish french german greek haitian hessian hispanic
    hungarian indian indians indigenous irish islamic israeli italian jamaican japanese jewish jews korean
    latin latina latino lakota lutheran methodist mexican mormon muslim native navajo norwegian ojibwe
    presbyterian polish portuguese protestant quaker quakers republican roman russian scandinavian scots
    scottish serbian sioux slavic southern northern western eastern spanish swedish swiss turkish ukrainian
    union vietnamese victorian welsh world
    """.split()
)
"""Adjectives and names of peoples, creeds and sides: capitalised, and nobody in particular."""

MORE_WORDS = {
    "letter": ("correspondence",), "letters": ("correspondence",), "correspondence": ("letters",),
    "wrote": ("letter",), "write": ("letter",), "written": ("letter",),
    "photo": ("photograph",), "photos": ("photographs",), "picture": ("photograph",),
    "pictures": ("photographs",), "programme": ("program",), "program": ("programme",),
    "diary": ("journal",), "diaries": ("journals",), "email": ("e-mail",), "emails": ("e-mail",),
}  # fmt: skip
"""Words the trade uses for a patron's."""
