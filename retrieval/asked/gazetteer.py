"""Countries, regions, states and great cities: places known without any index, each as its folded words."""

from __future__ import annotations

_NAMES = """
afghanistan;africa;alabama;alaska;albania;alberta;algeria;alsace;america;amsterdam;andalusia;antarctica;
appalachia;
argentina;arizona;arkansas;armenia;asia;athens;atlanta;australia;austria;bahamas;balkans;baltimore;bangladesh;
barbados;barcelona;bavaria;beijing;belgium;berlin;bermuda;birmingham;bohemia;bolivia;bombay;boston;brazil;
brasil;
bristol;britain;british columbia;brittany;brooklyn;brussels;budapest;buenos aires;bulgaria;burma;cairo;
calcutta;
california;cambodia;cambridge;canada;cape town;caribbean;catalonia;central america;chicago;chile;china;
cincinnati;
cleveland;cologne;colombia;colorado;connecticut;constantinople;copenhagen;cornwall;costa rica;croatia;cuba;
cyprus;
czechoslovakia;dakota territory;dallas;deep south;delaware;delhi;denmark;denver;detroit;deutschland;
district of columbia;dresden;dublin;east africa;east asia;ecuador;edinburgh;egypt;el salvador;england;espana;
estonia;ethiopia;europe;far east;finland;florence;florida;france;frankfurt;galicia;geneva;georgia;germany;
ghana;
glasgow;great britain;great lakes;greece;greenland;guatemala;haiti;hamburg;hartford;havana;hawaii;holland;
honduras;hong kong;houston;hungary;iceland;idaho;illinois;india;indiana;indonesia;iowa;iran;iraq;ireland;
israel;
istanbul;italy;jamaica;japan;java;jerusalem;kansas;kentucky;kenya;korea;latin america;latvia;lebanon;leeds;
leipzig;liberia;lisbon;lithuania;liverpool;london;long island;los angeles;louisiana;luxembourg;madagascar;
madrid;
maine;malaysia;malta;manchester;manhattan;manitoba;maryland;massachusetts;mediterranean;melbourne;mexico;
mexico city;miami;michigan;middle east;midwest;milan;minneapolis;minnesota;mississippi;missouri;montana;
montreal;
morocco;moscow;mozambique;munich;naples;nebraska;nepal;netherlands;nevada;new brunswick;new england;
new guinea;
new hampshire;new haven;new jersey;new mexico;new orleans;new south wales;new york;new york city;new zealand;
newfoundland;nicaragua;nigeria;normandy;north africa;north america;north carolina;north dakota;
northern ireland;
norway;nova scotia;nuremberg;oaxaca;ohio;oklahoma;ontario;oregon;osterreich;oslo;oxford;pacific northwest;
pakistan;
palestine;panama;paraguay;paris;peking;pennsylvania;persia;peru;philadelphia;philippines;pittsburgh;poland;
portugal;prague;prussia;puerto rico;quebec;queensland;rhineland;rhode island;rio de janeiro;romania;rome;
russia;
rwanda;saint louis;saint petersburg;salt lake city;san antonio;san diego;san francisco;sao paulo;saskatchewan;
saudi arabia;savannah;saxony;schweiz;scotland;seattle;senegal;serbia;shanghai;sicily;silesia;singapore;
slovakia;
slovenia;somalia;south africa;south america;south carolina;south dakota;southeast asia;soviet union;spain;
sri lanka;st louis;st paul;st petersburg;stockholm;sudan;sumatra;sweden;switzerland;sydney;syria;taiwan;
tanzania;
tasmania;tennessee;texas;thailand;tibet;tokyo;toronto;transylvania;trinidad;tunisia;turkey;tuscany;uganda;
ukraine;
united kingdom;united states;uruguay;utah;vancouver;venezuela;venice;vermont;vienna;vietnam;virginia;wales;
warsaw;
washington dc;washington d c;west africa;west indies;west virginia;wien;wisconsin;wyoming;yorkshire;yucatan;
yugoslavia;zimbabwe;zurich;
angola;azerbaijan;bahrain;belarus;belize;benin;bhutan;botswana;burkina faso;burundi;cameroon;
central asia;congo;dominican republic;dubai;east germany;eritrea;fiji;gambia;georgia;grenada;guam;guyana;
harlem;ivory coast;kazakhstan;kosovo;kuwait;kyrgyzstan;laos;lesotho;libya;macedonia;malawi;mali;
mauritania;mauritius;moldova;mongolia;montenegro;myanmar;namibia;niger;north korea;oman;papua new guinea;
qatar;sierra leone;south korea;staten island;suriname;swaziland;tajikistan;togo;tonga;turkmenistan;
united arab emirates;uzbekistan;west germany;yemen;zambia;alberta;galapagos;gaza;gibraltar;guadeloupe;
martinique;okinawa;siberia;zanzibar
"""
PLACES = frozenset(" ".join(name.split()) for name in _NAMES.split(";"))
AMBIGUOUS = frozenset(
    "china florence georgia java turkey virginia chad jordan cambridge oxford houston bristol".split()
)
"""Places that are also words or forenames: in lower case, or without "in", they may be either."""
