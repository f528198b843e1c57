"""Words that made-up collections are made of. The UNSEEN lists are kept out of training."""

from __future__ import annotations

FIRST_NAMES = """
Ellen Thomas Mary John William Elizabeth James Sarah George Margaret Charles Anna Henry Alice Robert
Clara Edward Harriet Samuel Martha Joseph Emma David Ruth Frank Lydia Arthur Helen Walter Grace Albert
Florence Fred Edith Louis Julia Josiah Abigail Silas Hannah Ezra Rebecca Nathaniel Charlotte Benjamin
Lucy Daniel Caroline Peter Frances Richard Catherine Hugh Agnes Alexander Isabel Andrew Jane Patrick
Bridget Michael Nora Otto Greta Karl Ingrid Erik Astrid Pierre Marie Jean Louise Carlos Rosa Antonio
Carmen Luigi Maria Ivan Olga Leo Vera Oscar Ida Victor Stella Theodore Nellie Herbert Mabel Ernest Hazel
Ralph Irene Harold Gladys Raymond Doris Stanley Marjorie Philip Eleanor Lewis Dorothy Simon Esther Aaron
Miriam Isaac Leah Jacob Rachel Amos Phoebe Caleb Susanna Elias Priscilla Gideon Tabitha Jonas Winifred
Rufus Beatrice Clement Rosalind Basil Sylvia Cyril Imogen Percy Maud
""".split()
SURNAMES = """
Smith Johnson Brown Taylor Miller Wilson Moore Anderson Jackson White Harris Martin Thompson Young Allen
King Wright Scott Green Baker Adams Nelson Hill Campbell Mitchell Roberts Carter Phillips Evans Turner
Parker Collins Edwards Stewart Morris Murphy Cook Rogers Morgan Cooper Reed Bailey Bell Ward Gray Watson
Brooks Kelly Sanders Price Bennett Wood Barnes Ross Henderson Coleman Jenkins Perry Powell Long Hughes
Washington Butler Simmons Foster Bryant Russell Griffin Hayes Myers Ford Hamilton Graham Sullivan
Wallace Woods Cole West Jordan Owens Reynolds Fisher Ellis Harrison Gibson Mason Hunt Black Holmes Stone
Knight Webb Marsh Thorne Hale Denholm Calloway Lindqvist Novak Schmidt Garcia O'Brien MacDonald
Fitzgerald Dubois Rossi Kowalski
""".split()
HEADS = """
Ab Al Ar Ash Bar Bel Ber Black Bran Brook Cal Cam Car Chal Chan Clay Cor Cran Dal Dar Den Dor Dun East
El Ems Fair Fal Far Fen Gar Gil Glen Gran Ham Har Haw Hol Hart Ing Kel Ken Kir Lam Lan Lin Lock Mal Man
Mar Mel Mer Mil Nor Oak Pem Pen Pres Ral Rad Rock Ros Sal San Shel Sher Stan Sut Tal Thorn Tre Tur Vern
Wal War Wes Whit Wil Win Wood Wy
""".split()
TAILS = """
bert bury by combe cott dale den der don ell er ers ford gate gan ham hurst ing ington land ley lin low
man mere mont more ner ney nett over ridge rick ron row sall sey shaw son stead sten stock ston ter
thorpe ton vale van ven ville wald wall well wick win with worth yard
""".split()
UNSEEN_HEADS = """
Aver Bram Cresp Drav Fens Gorr Hesk Jes Krav Lum Mosk Orl Pev Quar Rusk Scov Tamb Ulver Vosk Yar Zell
Brin Cold Ester Floss Grim Hux Kest Lorn Neb
""".split()
UNSEEN_TAILS = """
aby acre antz arne bourne brack cliffe croft denny dine eau elle fax grove hollow kin lake lund mar neth
oak pole quist rell sby tree twhite ust vale wen
""".split()
PLACE_TAILS = (
    "", "ton", "ville", " Falls", " Point", " Harbor", " Mills", " County", " Hill", " Bridge",
    " Station", " Creek", " Island", "field", " Valley", " Corners",
)  # fmt: skip
ADJECTIVES = """
old new red broken flooded frozen early late northern southern small great stolen borrowed lost found
brick wooden stone iron silver painted printed written unpaid disputed annual winter spring summer
autumn county municipal parish public private secret foreign wounded missing sick young blind retired
dry salted dried smoked wild tame white black green blue yellow upper lower eastern western second third
first last damaged restored rebuilt abandoned haunted crowded empty burning sunken narrow steep
temporary permanent honorary proposed rejected illustrated unfinished signed
""".split()
NOUNS = """
school church bridge mill barn orchard harvest horse cattle sheep wheat apple butter cheese wool cotton
tobacco timber railway canal road harbor lighthouse steamboat ferry ship cargo storm flood drought fire
fever influenza smallpox wedding funeral baptism christening estate will mortgage deed debt loan tax
election vote petition strike union wage lecture concert band choir organ piano theatre play dance
picnic parade fair exhibition museum library book newspaper poem sermon diary garden rose potato bee
hive dog cat well pump stove clock lamp telephone telegraph camera engine tractor wagon sleigh bicycle
motorcar airplane regiment battle prison hospital nurse doctor teacher pupil minister missionary sailor
soldier captain farmer baker printer tailor miner lawyer judge mayor governor senator mountain river
lake forest island cave quarry mine furnace factory store bank hotel inn cemetery monument statue
fountain market square courthouse jail
""".split()
ACTS = """
repair sale purchase opening closing painting building burning flooding meeting committee dispute report
survey inspection dinner festival prize society club fund accounts election celebration journey visit
illness death birth marriage examination trial inquest robbery rescue voyage reunion strike auction
delivery shortage crossing collapse dedication planting shearing threshing launch
""".split()
BODIES = (
    "Historical Society", "Garden Club", "Creamery Association", "Woman's Club", "Library Board",
    "School Board", "Fire Company", "Choral Society", "Temperance Union", "Farmers' Grange", "Lodge",
    "Suffrage League", "Relief Committee", "Cooperative Store", "Camera Club", "Water Company",
    "Railway Company", "Planning Commission", "Rowing Club", "Debating Society", "Benevolent Society",
    "Athletic Association", "Board of Trustees", "Building Committee", "Labor Council",
)  # fmt: skip
PAPER_KINDS = (
    "Diary", "Account book", "Recipe book", "Photograph", "School report", "Deed", "Will", "Scrapbook",
    "Notebook", "Map", "Sketchbook", "Postcards", "Speech", "Obituary", "Receipts", "Correspondence",
    "Poems", "Commonplace book", "Passport", "Military record", "Invitation", "Bible records",
    "Genealogical notes", "Clippings",
)  # fmt: skip
OFFICE_KINDS = (
    "Minutes", "Annual report", "Membership list", "Correspondence", "Ledger", "Programme", "By-laws",
    "Financial statement", "Agenda", "Press clippings", "Petition", "Building plans", "Blueprints",
    "Contracts", "Newsletter", "Constitution", "Subscription list", "Payroll", "Invoices", "Photographs",
    "Scrapbook", "Posters", "Survey", "Questionnaire",
)  # fmt: skip
MONTHS = """
January February March April May June July August September October November December
""".split()
