"""First names and what their bearers are called: "Johnny Marsh" may be filed as "Marsh, John"."""

from __future__ import annotations

_GROUPS = (
    "abigail abby nabby", "alexander alex alec sandy", "alfred alf fred", "amanda mandy",
    "andrew andy drew", "ann anne anna annie", "anthony tony", "archibald archie",
    "augustus gus august", "barbara babs", "benjamin ben benny", "caroline carrie",
    "catherine katherine kathryn kate katie kitty cathy", "charles charlie charley chuck",
    "charlotte lottie", "christopher chris kit", "clement clem", "daniel dan danny",
    "david dave davy", "deborah debby debbie", "donald don", "dorothy dolly dot dottie", "edgar ed",
    "edmund ed ned", "edward ed eddie ned ted teddy", "edwin ed", "eleanor nell nellie nelly",
    "elizabeth liz lizzie eliza betsy betty bess bessie beth libby", "ellen nell nellie nelly",
    "eugene gene", "florence flo", "frances fanny fannie", "francis frank", "franklin frank",
    "frederick fred freddie fritz", "gabriel gabe", "george georgie", "gerald jerry gerry",
    "gertrude gertie trudy", "gilbert gil", "harold hal harry", "harriet hattie harriett",
    "helen nell nellie", "henrietta etta hetty", "henry harry hal hank", "herbert herb bert",
    "howard howie", "hubert bert", "isaac ike", "isabella isabel bella", "jacob jake jack",
    "james jim jimmy jamie jem", "jane jenny jennie janie", "jeremiah jerry", "john jack johnny jock",
    "jonathan jon", "joseph joe joey jo", "josephine josie jo", "joshua josh", "judith judy",
    "kenneth ken kenny", "lawrence laurence larry", "leonard len lenny", "lewis louis lou lew",
    "louisa lou", "margaret maggie meg peggy madge",
    "mary molly polly mamie", "martha patty mattie", "matilda tilly mattie", "matthew matt",
    "michael mike mick", "moses moe", "nathaniel nat", "nicholas nick", "oliver ollie", "pamela pam",
    "patricia pat patty", "patrick pat paddy", "peter pete", "philip phil", "priscilla cilla",
    "raymond ray", "rebecca becky", "reginald reg reggie", "richard dick rick dickie",
    "robert bob bobby rob robbie bert", "roderick rod", "ronald ron ronnie",
    "rosemary rosie", "rudolph rudy", "russell russ", "samuel sam sammy", "sarah sally sadie",
    "sidney sid", "solomon sol", "sophia sophie", "stanley stan", "stephen steven steve",
    "susan susanna susannah sue susie sukey", "theodore ted teddy theo", "theresa teresa tess",
    "thomas tom tommy", "timothy tim", "victor vic", "victoria vicky", "vincent vin vince",
    "virginia ginny", "walter walt wally", "wilhelmina mina", "william will bill billy willie willy",
    "winifred winnie", "zachariah zach",
)  # fmt: skip
_OTHERS: dict[str, tuple[str, ...]] = {}
for _group in _GROUPS:
    _names = tuple(_group.split())
    for _name in _names:
        _OTHERS[_name] = tuple(dict.fromkeys([*_OTHERS.get(_name, ()), *_names]))


def list_called(name: str) -> tuple[str, ...]:
    """Other names that the bearer of a folded first name may go by, formal ones first; () for none."""
    return tuple(other for other in _OTHERS.get(name, ()) if other != name)
