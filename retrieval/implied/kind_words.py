"""Words for kinds of material, singular, by kind: what titles, genre terms and patrons call them."""

from __future__ import annotations

from retrieval.records import Kind

NAMED: dict[Kind, str] = {
    "letter": """
        letter; correspondence; correspondent; postcard; post card; telegram; cablegram; letterbook;
        letter book; email; e-mail; valentine; aerogramme; fan mail; holiday card; christmas card;
        greeting card; lettre; briefe; briefwechsel; korrespondenz; postkarte; carta; correspondencia;
        correspondência
    """,
    "diary": """
        diary; daily journal; travel journal; personal journal; pocket diary; day journal; logbook; log
        book; commonplace book; diaries; tagebuch; tagebücher; diario; diário; journal intime
    """,
    "photograph": """
        photograph; photo; photographic print; photoprint; snapshot; negative; glass plate; glass slide;
        glass negative; lantern slide; color slide; slide; daguerreotype; tintype; ambrotype; ferrotype;
        cyanotype; carte de visite; cartes de visite; carte-de-visite; cartes-de-visite; cabinet card;
        cabinet photograph; stereograph; stereoview; stereo view; stereocard; stereo card; stereoscopic
        view; contact sheet; contact print; albumen print; gelatin silver print; photographic postcard;
        real photo postcard; polaroid; transparency; photo album; photograph album; group portrait;
        headshot; photography; fotografie; fotografien; fotografía; fotografia; photographie; foto
    """,
    "map": "map; atlas; plat; nautical chart; survey map; landkarte; mapa; carte géographique",
    "drawing": """
        drawing; sketch; blueprint; blueline; architectural plan; floor plan; building plan; watercolor;
        watercolour; sketchbook; elevation drawing; cartoon; caricature; dessin; zeichnung; dibujo;
        desenho
    """,
    "print": """
        engraving; lithograph; etching; woodcut; linocut; screenprint; silkscreen print; mezzotint;
        aquatint; fashion print; chromolithograph; gravure; kupferstich; grabado; gravura
    """,
    "film": """
        film; film reel; motion picture; movie; video; videotape; video tape; videocassette;
        videorecording; video recording; dvd; newsreel; home movie; footage; película; filme
    """,
    "sound": """
        sound recording; audio recording; audiotape; audio tape; audiocassette; audio cassette;
        cassette; phonograph record; phonodisc; sound disc; lp record; compact disc; reel-to-reel; audio
        reel; wire recording; tape recording; audio file; audio; tonaufnahme; enregistrement sonore;
        grabación; gravação
    """,
    "interview": "interview; oral history; oral histories; entretien; entrevista",
    "minutes": "minutes; minute book; meeting minutes; protokoll; actas; atas; procès-verbal",
    "account": """
        account book; ledger; daybook; day book; cash book; cashbook; receipt; invoice; bill of sale;
        voucher; financial statement; financial record; financial report; balance sheet; bank statement;
        waste book; account; canceled check; bills of exchange; bill of exchange; budget; payroll; tax
        return; rechnung; factura
    """,
    "legal": """
        deed; indenture; contract; last will; will and testament; wills; affidavit; mortgage;
        deposition; lease; court record; power of attorney; land grant; patent; articles of
        incorporation; legal document; legal record; probate; summons; subpoena; certificate; warrant;
        commission certificate; license; marriage license; lawsuit; legal brief; urkunde; escritura;
        bonds
    """,
    "newspaper": "newspaper; gazette; zeitung; periódico; jornal",
    "clipping": """
        clipping; newspaper clipping; press clipping; newspaper cutting; press cutting; news clipping;
        newsclipping; zeitungsausschnitt; recorte; coupure de presse
    """,
    "scrapbook": "scrapbook; scrap book",
    "programme": """
        programme; playbill; concert program; theater program; theatre program; performance program;
        recital program; event program; program book; order of service; commencement program
    """,
    "poster": "poster; broadside; handbill; flyer; flier; placard; plakat; affiche; cartaz",
    "music": """
        sheet music; musical score; music manuscript; score; libretto; songbook; song book; hymnal;
        partbook; musical composition; partitur; partitura
    """,
    "literary": """
        poem; poetry; short story; short stories; novel; typescript; manuscript draft; playscript;
        screenplay; script; essay; literary manuscript; prose; fiction; gedicht; poema; poème
    """,
    "report": """
        report; annual report; survey report; field note; memorandum; white paper; bericht; informe;
        relatório; rapport
    """,
    "speech": """
        speech; speeches; lecture; sermon; oration; eulogy; remarks; speaking notes; talk; discurso;
        discours; predigt; addresses and speeches; inaugural address; commencement address
    """,
    "book": "book; pamphlet; brochure; booklet; monograph; almanac; chapbook; broschüre; folleto",
    "object": """
        artifact; artefact; medal; plaque; memorabilia; realia; badge; uniform; souvenir; trophy;
        ephemera; textile; costume; sculpture; buttons; coins; flags
    """,
}
"""What counts wherever it stands, in titles too."""

ASKED: dict[Kind, str] = {
    "letter": "missive; mail; wire; cable; note; message; brief",
    "diary": "journal; log",
    "photograph": "picture; pic; image; portrait; stereo; print photograph; snap",
    "map": "chart; globe",
    "drawing": "plan; design; illustration; painting; art; artwork",
    "print": "print",
    "film": "reel; moving image; vhs; clip",
    "sound": "recording; tape; record album; cd; phonograph; mp3; record player",
    "interview": "testimony; oral testimony",
    "minutes": "proceeding; meeting note",
    "account": "bill; bookkeeping; cost; expense; finance; check",
    "legal": "will; lawsuit; court case; title deed; agreement; document; treaty; bond; testament",
    "newspaper": "paper; press; magazine; newsletter; periodical",
    "clipping": "cutting; article",
    "scrapbook": "album; memory book",
    "programme": "program; bill of fare; menu; invitation; ticket",
    "poster": "banner; sign; advertisement; leaflet; cartel",
    "music": "song; hymn; tune; sonata; symphony; composition; music; partition",
    "literary": "story; play; draft; manuscript; verse; writing",
    "report": "study; survey; memo; statistic",
    "speech": "presentation; rede; address",
    "book": "volume; tract; publication",
    "object": "thing; clothing; relic; keepsake; furniture; button; pin; coin; flag; object",
}
"""What a patron means by a word that in a title may stand for something else, or be a name."""
