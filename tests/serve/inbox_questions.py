"""Questions in several wordings, and questions that only look alike: what grouping was measured on."""

from __future__ import annotations

REWORDED: tuple[tuple[str, ...], ...] = (
    (
        "Do you have any letters from Winslow Homer in 1905?",
        "winslow homer letters 1905",
        "Are there any 1905 letters written by Winslow Homer?",
        "I am looking for correspondence from Winslow Homer dated 1905.",
    ),
    (
        "Which Woodrow Wilson letters from before 1910 do you have?",
        "Do you have any letters by Woodrow Wilson before 1910?",
        "woodrow wilson letters before 1910",
    ),
    (
        "Did Charles Dickens write to anyone while in Hartford in 1842, and do you have it?",
        "Is there a letter Charles Dickens wrote from Hartford in 1842?",
        "charles dickens letter hartford 1842",
    ),
    (
        "Are there letters by James Madison from September 1813?",
        "James Madison letters, September 1813",
        "Have you got letters that James Madison wrote in September 1813?",
    ),
    (
        "Is there a letter from David Rittenhouse to Walter Minto in 1795?",
        "Did David Rittenhouse write to Walter Minto in 1795?",
        "letter from david rittenhouse to walter minto 1795",
    ),
    (
        "Which folders hold Sarah Lois Wadley's letters for 1905?",
        "In which folders are the 1905 letters of Sarah Lois Wadley?",
        "Where can I find Sarah Lois Wadley's letters of 1905?",
    ),
    (
        "Do you have Mary Raoul Millis correspondence from November 1905?",
        "Mary Raoul Millis letters November 1905",
        "Is there correspondence of Mary Raoul Millis for November 1905?",
    ),
    (
        "What letters by Susie Bailey do you have from 1905 to 1909?",
        "Letters written by Susie Bailey between 1905 and 1909?",
        "susie bailey letters 1905-1909",
    ),
    (
        "Do you have Henry B. Joy's correspondence from October 1916 about the Lincoln Highway?",
        "What did Henry B. Joy write about the Lincoln Highway in October 1916?",
        "Henry B. Joy letters on the Lincoln Highway, October 1916",
    ),
    (
        "Are there letters Emma Dickson received during August 1918?",
        "Letters received by Emma Dickson in August 1918",
        "Who wrote to Emma Dickson in August 1918?",
    ),
    (
        "What did Theodor Herzl write to Schnitzler on 8 November 1894?",
        "What was in Theodor Herzl's letter to Schnitzler of 8 November 1894?",
        "theodor herzl to schnitzler 8 november 1894",
    ),
    (
        "What did the homesteader Elinore Stewart write in October 1911 about proving up?",
        "What does Elinore Stewart's October 1911 letter say about proving up?",
        "elinore stewart homesteader letter october 1911 proving up",
    ),
    (
        "Where are Ted Berrigan's letters in the Anne Waldman papers?",
        "Where in the Anne Waldman papers are the letters of Ted Berrigan?",
        "Which box of the Anne Waldman papers has Ted Berrigan's letters?",
    ),
    (
        "In which box are William Burroughs's letters to Anne Waldman?",
        "Where are William Burroughs's letters to Anne Waldman?",
        "Which box holds letters from William Burroughs to Anne Waldman?",
    ),
    (
        "What is in Box 14 under Percy Grainger at Interlochen?",
        "What does Box 14 of Percy Grainger at Interlochen contain?",
        "percy grainger at interlochen box 14 contents",
    ),
    (
        "Where are the scrapbook articles about Vincent Chin?",
        "Where do I find the scrapbook articles on Vincent Chin?",
        "vincent chin scrapbook articles",
    ),
    (
        "What do you have about wheat breeding in Latin America?",
        "What is there on wheat breeding in Latin America?",
        "wheat breeding latin america",
        "Have you any material about breeding wheat in Latin America?",
    ),
    (
        "I need a first-hand account of the YMCA canteens in France in the First World War.",
        "Is there an eyewitness account of YMCA canteens in France in the First World War?",
        "I'm looking for someone's own account of the YMCA canteens in France during the First World War.",
    ),
    (
        "Which collection documents the first US coast-to-coast highway?",
        "Which collection is about the first coast-to-coast highway in the US?",
        "first US coast-to-coast highway collection",
    ),
    (
        "Do you have photographs of perfume or spice factories?",
        "Are there any photos of perfume or spice factories?",
        "photographs perfume factory spice factory",
        "Do you hold pictures of factories making perfume or spices?",
    ),
    (
        "Do you have information about hired German soldiers in the American Revolution?",
        "What do you have on the German soldiers hired in the American Revolution?",
        "hired german soldiers american revolution",
    ),
    (
        "Where was Joseph Maddy of Interlochen born?",
        "Where was Joseph Maddy, of Interlochen, born?",
        "birthplace of Joseph Maddy of Interlochen",
    ),
    ("Who was Isaac Bailey?", "Can you tell me who Isaac Bailey was?", "who was isaac bailey"),
    (
        "How many letters are in the Wilson family papers?",
        "How many letters do the Wilson family papers contain?",
        "number of letters in the wilson family papers",
    ),
    (
        "How large are the Raoul family papers?",
        "What is the size of the Raoul family papers?",
        "how big are the Raoul family papers?",
    ),
    (
        "Are the stereographs in the Tinder collection open?",
        "Can I see the stereographs in the Tinder collection?",
        "Are the Tinder collection's stereographs open to readers?",
    ),
    (
        "Can I listen to Gary Pomerantz's interview tapes?",
        "Are Gary Pomerantz's interview tapes open for listening?",
        "can i listen to the gary pomerantz interview tapes",
    ),
    (
        "Do you hold letters by Marie Curie?",
        "Are there letters from Marie Curie here?",
        "marie curie letters",
        "Do you have any letters written by Marie Curie?",
    ),
    (
        "Do you have anything by Zora Neale Hurston?",
        "Is there anything by Zora Neale Hurston?",
        "zora neale hurston",
    ),
    (
        "Can I see the Leland Stanford band photographs from 1925?",
        "Are there Leland Stanford band photographs from 1925 that I can see?",
        "leland stanford band photographs 1925",
    ),
    (
        "Do you have Emma Dickson's phone number or the address of her descendants?",
        "What is Emma Dickson's phone number, or her descendants' address?",
        "emma dickson phone number or address of descendants",
    ),
    (
        "my grandpa worked for a railroad down in georgia, got anything?",
        "my grandfather worked for a railroad in Georgia. Do you have anything?",
        "Do you have anything on railroad workers in Georgia? My grandpa was one",
    ),
    ("What are your opening hours on Saturday?", "Are you open on Saturdays?", "saturday opening hours"),
    (
        "How do I order a copy of a photograph?",
        "Can I order copies of photographs?",
        "ordering photograph reproductions",
    ),
    (
        "Do you have diaries kept by nurses in the Civil War?",
        "Civil War nurses' diaries",
        "diaries by civil war nurses",
    ),
    ("Do you have any maps of Harrow Point?", "maps of Harrow Point", "old harrow point maps"),
)
"""Each line asks one thing."""

DIFFERENT: tuple[tuple[str, str], ...] = (
    (
        "Do you have any letters from Winslow Homer in 1905?",
        "Do you have any letters from Winslow Homer in 1906?",
    ),
    (
        "Do you have any letters from Winslow Homer in 1905?",
        "Do you have any letters to Winslow Homer in 1905?",
    ),
    (
        "Do you have any letters from Winslow Homer in 1905?",
        "Do you have any photographs of Winslow Homer in 1905?",
    ),
    ("Do you have any letters from Winslow Homer in 1905?", "Do you have any letters from Winslow Homer?"),
    ("winslow homer letters 1905", "winslow homer letters 1907"),
    ("winslow homer letters 1905", "winslow turner letters 1905"),
    ("letters from ellen marsh", "letters from ellen hale"),
    ("ellen marsh letters", "ellen hale letters"),
    ("ellen marsh letters", "emma marsh letters"),
    ("marsh family papers", "hale family papers"),
    ("Who was Isaac Bailey?", "Who was Isaac Barley?"),
    ("who was isaac bailey", "who was samuel bailey"),
    (
        "What is in Box 14 under Percy Grainger at Interlochen?",
        "What is in Box 15 under Percy Grainger at Interlochen?",
    ),
    ("What is in box 14 folder 3?", "What is in box 14 folder 4?"),
    (
        "Is there a letter from David Rittenhouse to Walter Minto in 1795?",
        "Is there a letter from Walter Minto to David Rittenhouse in 1795?",
    ),
    (
        "Do you have Emma Dickson's letters from August 1918?",
        "Do you have Emma Dickson's letters from September 1918?",
    ),
    ("Letters from 8 November 1894?", "Letters from 9 November 1894?"),
    ("maps of Boston", "maps of Chicago"),
    ("maps of boston", "maps of chicago"),
    ("photographs of the harbor in boston", "photographs of the harbor in portland"),
    (
        "What do you have about wheat breeding in Latin America?",
        "What do you have about rice breeding in Latin America?",
    ),
    ("Do you have photographs of perfume factories?", "Do you have photographs of shoe factories?"),
    ("Civil War nurses' diaries", "Civil War soldiers' diaries"),
    ("Civil War nurses' diaries", "First World War nurses' diaries"),
    ("How large are the Raoul family papers?", "How large are the Wilson family papers?"),
    (
        "How many letters are in the Wilson family papers?",
        "Where are the letters in the Wilson family papers?",
    ),
    ("Do you have any maps of Harrow Point?", "Do you have any photographs of Harrow Point?"),
    (
        "Are the stereographs in the Tinder collection open?",
        "How many stereographs are in the Tinder collection?",
    ),
    ("letters from the 1890s about whaling", "letters from the 1880s about whaling"),
    ("letters about whaling before 1850", "letters about whaling after 1850"),
    ("Where was Joseph Maddy born?", "Where did Joseph Maddy die?"),
    ("When was the Wilson family mill built?", "When was the Wilson family mill burned?"),
    ("Do you have the minutes of the garden club?", "Do you have the minutes of the sailing club?"),
    ("diary of a lighthouse keeper", "diary of a schoolteacher"),
    ("Who inherited David Rittenhouse's letter?", "What is David Rittenhouse's letter worth?"),
    ("Is collection MS 12 open?", "Is collection MS 21 open?"),
    ("MC.00003", "MC.00004"),
    ("Do you have anything by Zora Neale Hurston?", "Do you have anything about Zora Neale Hurston?"),
    ("letters from the eighteenth century", "letters from the nineteenth century"),
    ("records of the second regiment", "records of the third regiment"),
    ("Dear Harry letters from prison", "Dear Harry letters from hospital"),
    ("What did Karl Kraus write to Schnitzler?", "What did Theodor Herzl write to Schnitzler?"),
    ("Was John Hale a Methodist?", "Was John Hale a Mason?"),
    ("Do you have Chinese newspapers?", "Do you have Japanese newspapers?"),
    ("do you have chinese newspapers", "do you have german newspapers"),
)
"""Each pair asks two things: another year, person, place, box, direction, kind of material or subject."""
