"""Personal data, and what only looks like it. All numbers are made up, with check digits that fit."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.train.checks.made import LETTER, context, find, vary
from train.pairs.checks.personal_data import find_personal_data


def kinds_of(text: str) -> list[tuple[str, str]]:
    return [(datum.kind, datum.words) for datum in find_personal_data(text, context())]


@pytest.mark.parametrize(
    ("text", "kind", "words"),
    [
        ("Please write to ana.ruiz+lib@example.org.", "e-mail address", "ana.ruiz+lib@example.org"),
        ("ana.ruiz [at] example [dot] org", "e-mail address", "ana.ruiz [at] example [dot] org"),
        ("Call +1 212 555 0147 please", "telephone number", "+1 212 555 0147"),
        ("my number (212) 555-0147", "telephone number", "(212) 555-0147"),
        ("212-555-0147", "telephone number", "212-555-0147"),
        ("+44 20 7946 0958", "telephone number", "+44 20 7946 0958"),
        ("ring 020 7946 0958", "telephone number", "020 7946 0958"),
        ("Tel. 030/90182-99", "telephone number", "030/90182-99"),
        ("0049 30 901820", "telephone number", "0049 30 901820"),
        ("01 99 00 12 34", "telephone number", "01 99 00 12 34"),
        ("móvil 612 345 678", "telephone number", "612 345 678"),
        ("(11) 91234-5678", "telephone number", "(11) 91234-5678"),
        ("携帯電話 090-1234-5678", "telephone number", "090-1234-5678"),
        ("My card is 4111 1111 1111 1111", "payment card number", "4111 1111 1111 1111"),
        ("5500-0000-0000-0004", "payment card number", "5500-0000-0000-0004"),
        ("378282246310005", "payment card number", "378282246310005"),
        ("IBAN DE89 3704 0044 0532 0130 00 please", "bank account number", "DE89 3704 0044 0532 0130 00"),
        ("GB82WEST12345698765432", "bank account number", "GB82WEST12345698765432"),
        ("my library card 21234001234566", "library card number", "21234001234566"),
        ("I was born on 3 May 1952", "date of birth", "3 May 1952"),
        ("DOB: 03/05/1952", "date of birth", "03/05/1952"),
        ("geboren am 3. Mai 1952", "date of birth", "3. Mai 1952"),
        ("née le 3 mai 1952", "date of birth", "3 mai 1952"),
        ("I was born in 1980 in Ohio", "date of birth", "1980"),
        ("follow @ana_ruiz there", "account name", "@ana_ruiz"),
        ("my username is ana_ruiz77", "account name", "ana_ruiz77"),
        ("see instagram.com/ana.ruiz", "account name", "instagram.com/ana.ruiz"),
        ("my IP is 10.0.0.7", "IP address", "10.0.0.7"),
        ("from 192.168.17.250 yesterday", "IP address", "192.168.17.250"),
        ("2001:db8:85a3::8a2e:370:7334", "IP address", "2001:db8:85a3::8a2e:370:7334"),
        ("I live at 12 Elm Street in town", "postal address", "12 Elm Street"),
        ("14 Oak Avenue, Springfield, IL 62704", "postal address", "14 Oak Avenue, Springfield, IL 62704"),
        ("7 Baker Street, London NW1 6XE", "postal address", "7 Baker Street, London NW1 6XE"),
        ("Ich wohne in der Lindenstraße 12", "postal address", "Lindenstraße 12"),
        ("Hauptstr. 5, 10827 Berlin", "postal address", "Hauptstr. 5, 10827 Berlin"),
        ("12 rue de la Paix, 75002 Paris", "postal address", "12 rue de la Paix, 75002 Paris"),
        ("My name is Ana María Ruiz and I look for letters.", "name", "Ana María Ruiz"),
        ("Ich heiße Jörg Weiß.", "name", "Jörg Weiß"),
        ("Je m’appelle Chloé d’Arc", "name", "Chloé"),
        ("Do you have letters? Kind regards, Ana Ruiz", "name", "Ana Ruiz"),
        ("I'm Ana Ruiz, a student", "name", "Ana Ruiz"),
        ("Hello, this is Ana Ruiz from Madrid", "name", "Ana Ruiz"),
        ("mi chiamo Giulia Bianchi", "name", "Giulia Bianchi"),
        ("CH93 0076 2011 6238 5295 7", "bank account number", "CH93 0076 2011 6238 5295 7"),
        ("Ich bin am 2.6.1950 geboren", "date of birth", "2.6.1950"),
        ("my library card number is 290010004567", "library card number", "290010004567"),
        ("Calle Mayor 5, 28013 Madrid", "postal address", "Calle Mayor 5, 28013 Madrid"),
        ("P.O. Box 123, Springfield, IL 62701", "postal address", "P.O. Box 123, Springfield, IL 62701"),
        ("Via Roma 10, 00184 Roma", "postal address", "Via Roma 10, 00184 Roma"),
        ("Keizersgracht 123, 1015 CJ Amsterdam", "postal address", "Keizersgracht 123, 1015 CJ"),
        ("tel 555-0123", "telephone number", "555-0123"),
        ("0161 496 0123", "telephone number", "0161 496 0123"),
        ("client 203.0.113.195", "IP address", "203.0.113.195"),
    ],
)
def test_personal(text: str, kind: str, words: str) -> None:
    assert (kind, words) in kinds_of(text)


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("078-05-1120", "US social security number"),
        ("SSN 078 05 1120", "US social security number"),
        ("SIN 130 692 544", "Canadian SIN"),
        ("AB 12 34 56 C", "British national insurance number"),
        ("NHS number 943 476 5919", "NHS number"),
        ("2 55 08 14 168 025 38", "French NIR"),
        ("12345678Z", "Spanish DNI or NIE"),
        ("X-1234567-L", "Spanish DNI or NIE"),
        ("RSSMRA85T10A562S", "Italian codice fiscale"),
        ("BSN 111222333", "Dutch BSN"),
        ("Steuer-ID 86 095 742 719", "German tax id"),
        ("93.05.18-223.61", "Belgian national number"),
        ("811218-9876", "Swedish or Norwegian personal number"),
        ("131052-308T", "Finnish personal id"),
        ("CPR 070761-4285", "Danish CPR number"),
        ("PESEL 44051401359", "Polish PESEL"),
        ("529.982.247-25", "Brazilian CPF"),
        ("NIF 123456789", "Portuguese NIF"),
        ("756.9217.0769.85", "Swiss AHV number"),
        ("11010519491231002X", "Chinese resident id"),
        ("Aadhaar 2345 6789 0124", "Aadhaar"),
        ("TFN 123 456 782", "Australian TFN"),
        ("ID 8001015009087", "South African id"),
        ("passport number is X1234567", "passport or identity card number"),
    ],
)
def test_national_id(text: str, label: str) -> None:
    assert [datum.label for datum in find_personal_data(text, context()) if datum.kind == "national id"] == [
        label
    ]


@pytest.mark.parametrize(
    "text",
    [
        "Ellen Marsh to Thomas Marsh, 16 April 1905 (Box 3, Folder 1)",
        "MS 101, RG 4.2.1.12, PH 12.1.18; MC.00003",
        "Box 32101070780000 and barcode 39015012345678",
        "1905-1912, 1914-18; 1918-11-11; 01/02/1905; 14.05.1912",
        "ISBN 978-3-16-148410-0, OCLC 123456789, DOI 10.1000/182",
        "Photographs 213-456 to 213-789; negatives 1001-2002",
        "at 1 000 000 francs, 12,345,678 marks, 123456789",
        "Born in 1847, Marsh died in 1914; Silas, b. 3 May 1852",
        "She was born in 1952 in Averill",
        "12 Elm Street was the mill's office; the house at 4 Cobb Street burned",
        "letters from 10 Downing Street",
        "I am Professor of history; I'm American",
        "Is there a letter signed Ellen Marsh? Thanks!",
        "butter @ 5 cents; Main 4567; PEnnsylvania 6-5000",
        "4111 1111 1111 1112 and DE89 3704 0044 0532 0130 01",
        "the login of visitors; user name of the mill",
        "078-05-112 and 000-12-3456, 12345678A, SIN 130 692 545",
        "12:30:45, 1:2:3:4, IV.2.1",
        "ark:/81423/m3xw2t and https://example.org/record/4111",
        "Wer ist Ich von 1905? Tel Aviv 1948",
        "Series 1.2.3.4, section 10.1.2.3",
        "ADS document signed, June 24, 1782.",
        "Records of P.O. Box clerks; Box 123",
    ],
)
def test_not_personal(text: str) -> None:
    assert kinds_of(text) == []


def test_a_patrons_address_stops() -> None:
    asked = "Do you have letters? Write to ana@example.org"
    (found,) = find(vary(question=asked), "personal-data")
    assert found.severity == "stop"
    assert (
        found.sentence
        == "“ana@example.org” in the question is an e-mail address. Take it out, or put another word in its place."
    )
    assert asked[found.start : found.end] == "ana@example.org"


def test_in_the_answer_it_may_be_the_librarys() -> None:
    (found,) = find(vary(answer="The orchard [1]. Write to desk@library.example."), "personal-data")
    assert found.severity == "warn"
    assert "unless it is the library's own" in found.sentence


def test_names_of_the_catalogue_are_content() -> None:
    asked = "My name is Ruth Calloway, what did I write?"
    (found,) = find(vary(question=asked), "personal-data")
    assert (found.words, found.severity) == ("Ruth Calloway", "warn")
    known = context(is_catalogue_name=lambda name: name == "Ruth Calloway")
    assert find(vary(question=asked), "personal-data", known) == []


def test_what_stands_in_a_passage_is_content() -> None:
    letter = replace(
        LETTER, text="Write to me at 14 Oak Avenue, Springfield, IL 62704, or call (212) 555-0147."
    )
    answer = "She lives at 14 Oak Avenue, Springfield, IL 62704; (212) 555-0147 [1]."
    assert find(vary(answer=answer, evidence=(letter,)), "personal-data") == []
    assert len(find(vary(answer=answer), "personal-data")) == 2


def test_an_id_in_a_passage_is_told() -> None:
    record = replace(LETTER, text="Employee Silas Whitcomb, SSN 078-05-1120.")
    (found,) = find(vary(evidence=(record,)), "personal-data")
    assert (found.field, found.item, found.severity) == ("evidence", 0, "warn")
    assert found.sentence.startswith(
        "“078-05-1120” in passage [1] is a national id (US social security number)."
    )
