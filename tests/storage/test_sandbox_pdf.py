"""What comes out of the sandbox for PDFs: what stands on a page, and the words that say so."""

from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image, ImageDraw, ImageFont

from tests.support import scans
from tests.support.redrawn import WHITE, corner, dark_around, dark_within, near, redrawn, refusal, said, seen
from tests.support.scans import Pdf, encoded, paper, text_pdf
from vault.storage import sandbox
from vault.storage.sandbox import PageImage, process


def test_a_page_of_text_has_its_own_words_where_they_stand() -> None:
    (page,) = redrawn(text_pdf("Policy AB-1234567", "of 2026"))
    assert (page.width, page.height, page.exact) == (1653, 2338, True)
    assert [word.text for word in page.words] == ["Policy", "AB-1234567", "of", "2026"]
    assert all(dark_within(page, word) and not dark_around(page, word) for word in page.words)


@pytest.mark.parametrize("more", [b"/Rotate 90", b"/Rotate 180", b"/Rotate 270", b"/CropBox [60 400 400 800]",
                                  b"/Rotate 90 /CropBox [60 400 400 800]"])
def test_words_stand_in_their_place_on_turned_and_cut_pages(more: bytes) -> None:
    (page,) = redrawn(text_pdf("Policy AB-1234567", "of 2026", more=more))
    assert sorted(word.text for word in page.words) == ["2026", "AB-1234567", "Policy", "of"]
    assert all(dark_within(page, word) and not dark_around(page, word) for word in page.words)


def test_cells_that_were_written_from_right_to_left_are_words_of_their_own() -> None:
    pdf = Pdf()
    font = pdf.add(b"<< /Type /Font /Subtype /Type1 /BaseFont /Courier >>")
    pdf.page(b"BT /F1 12 Tf 300 700 Td (CD) Tj -100 0 Td (AB) Tj -100 0 Td (EF) Tj ET", b"/Font << /F1 %d 0 R >>" % font)
    (page,) = redrawn(pdf.made())
    assert sorted(word.text for word in page.words) == ["AB", "CD", "EF"]


@pytest.mark.skipif(not scans.JAPANESE_FONTS, reason="no Japanese font in the system's folder")
@pytest.mark.parametrize("name", ["MS-Mincho", "HeiseiKakuGo-W5"])
@pytest.mark.parametrize("vertical", [False, True])
def test_japanese_in_a_font_that_is_not_in_the_file_is_drawn_with_the_systems(name: str, vertical: bool) -> None:
    (page,) = redrawn(scans.japanese_pdf(name, "保険証券「山田」", vertical))
    assert said(page) == "保険証券「山田」" and page.exact
    # Each of the first letters is there, and no two look the same: a missing font gives blanks or boxes.
    step = page.words[0].height // 8 if vertical else page.words[0].width // 8
    glyphs = {letter(page, step, each, vertical) for each in range(4)}
    assert len(glyphs) == 4 and bytes(len(next(iter(glyphs)))) not in glyphs


def test_without_a_japanese_font_such_a_page_is_refused_rather_than_kept_white(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "BOOT", WITHOUT_FONTS + process.BOOT)
    assert refusal(scans.japanese_pdf("MS-Mincho", "保険証券")).code == "fonts-missing"
    assert said(redrawn(text_pdf("Policy 12"))[0]) == "Policy 12"


WITHOUT_FONTS = ("import sys; sys.path.insert(0, sys.argv[1]); from vault.storage.sandbox import jail; jail.FONTS = (); ")


def letter(page: PageImage, step: int, index: int, vertical: bool) -> bytes:
    word = page.words[0]
    left, top = (word.left, word.top + index * step) if vertical else (word.left + index * step, word.top)
    image = seen(page).convert("L").crop((left, top, left + step, top + step))
    return image.point(lambda value: 255 * (value < 128)).resize((12, 12)).tobytes()


def test_what_a_scanner_laid_unseen_over_the_picture_is_not_called_exact() -> None:
    (page,) = redrawn(text_pdf("Policy AB-1234567", mode=3))
    assert said(page) == "Policy AB-1234567" and not page.exact


def test_letters_that_only_the_font_knows_become_a_sign_for_it() -> None:
    pdf = Pdf()
    names = pdf.stream(b"1 beginbfchar <41> <E000> endbfchar")
    font = pdf.add(b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /ToUnicode %d 0 R >>" % names)
    pdf.page(scans.drawn_text(["ABC"]), b"/Font << /F1 %d 0 R >>" % font)
    (page,) = redrawn(pdf.made())
    assert said(page)[0] == "〓"


SIZE = (620, 877)
FAX = b"/DecodeParms << /K -1 /Columns 620 /Rows 877 >>"


@pytest.mark.parametrize("made", [
    lambda image: scans.picture_pdf(b"/JBIG2Decode", scans.jbig2(image), SIZE, b"/DeviceGray", 1),
    lambda image: scans.picture_pdf(b"/CCITTFaxDecode", scans.group4(image), SIZE, b"/DeviceGray", 1, FAX),
    lambda image: scans.picture_pdf(b"/JPXDecode", encoded(image, "JPEG2000"), SIZE),
    lambda image: scans.picture_pdf(b"/DCTDecode", encoded(image, "JPEG"), SIZE),
], ids=["jbig2", "ccitt", "jpx", "jpeg"])
def test_the_codings_that_scanners_use_are_drawn(made) -> None:
    image = paper()
    (page,) = redrawn(made(image))
    shown = seen(page).convert("L").resize((62, 88))
    wanted = image.convert("L").resize((62, 88))
    far = [abs(a - b) for a, b in zip(shown.tobytes(), wanted.tobytes(), strict=True)]
    assert sum(far) / len(far) < 12
    assert near(corner(page, right=True, bottom=True), WHITE) and not near(corner(page), WHITE)


def test_many_fonts_on_many_pages_are_drawn() -> None:
    names = ["Helvetica", "Helvetica-Bold", "Times-Roman", "Times-Italic", "Courier", "Symbol", "ZapfDingbats", "Arial",
             "MS-PGothic", "Meiryo", "Verdana", "Georgia", "ComicSansMS"]
    pdf = Pdf()
    for name in names:
        font = pdf.add(b"<< /Type /Font /Subtype /TrueType /BaseFont /%s >>" % name.encode())
        pdf.page(scans.drawn_text([f"{name} 123"]), b"/Font << /F1 %d 0 R >>" % font)
    pages = redrawn(pdf.made())
    assert [page.number for page in pages] == list(range(1, len(names) + 1))
    assert [name for name, page in zip(names, pages, strict=True) if seen(page).convert("L").getextrema()[0] > 100] == []


def test_a_font_within_the_file_is_used() -> None:
    program = Path("/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf")
    if not program.is_file():
        pytest.skip("no DejaVu on this machine")
    pdf = Pdf()
    body = pdf.stream(program.read_bytes())
    described = pdf.add(b"<< /Type /FontDescriptor /FontName /Own /Flags 32 /FontBBox [0 -200 1000 900] /ItalicAngle 0 "
                        b"/Ascent 900 /Descent -200 /StemV 80 /CapHeight 700 /FontFile2 %d 0 R >>" % body)
    font = pdf.add(b"<< /Type /Font /Subtype /TrueType /BaseFont /Own /Encoding /WinAnsiEncoding /FirstChar 65 /LastChar 67 "
                   b"/Widths [684 686 698] /FontDescriptor %d 0 R >>" % described)
    pdf.page(scans.drawn_text(["ABC"]), b"/Font << /F1 %d 0 R >>" % font)
    (page,) = redrawn(pdf.made())
    assert said(page) == "ABC" and dark_within(page, page.words[0])


def test_filled_in_forms_and_stamps_are_drawn() -> None:
    pdf = Pdf()
    look = pdf.add(b"<< /Type /XObject /Subtype /Form /BBox [0 0 100 100] /Length 29 >>\nstream\n1 0 0 rg 0 0 100 100 re f    \nendstream")
    stamp = pdf.add(b"<< /Type /Annot /Subtype /Stamp /Rect [100 700 200 800] /F 4 /AP << /N %d 0 R >> >>" % look)
    box = pdf.add(b"<< /Type /Annot /Subtype /Widget /FT /Tx /T (name) /V (x) /Rect [300 700 400 800] /F 4 "
                  b"/AP << /N %d 0 R >> >>" % look)
    pdf.catalog = b"/AcroForm << /Fields [%d 0 R] >>" % box
    pdf.page(b"", more=b"/Annots [%d 0 R %d 0 R]" % (stamp, box))
    (page,) = redrawn(pdf.made())
    scale = page.width / 595
    assert [near(seen(page).getpixel((round(x * scale), round(92 * scale))), (255, 0, 0)) for x in (150, 350, 500)] == [
        True, True, False]


@pytest.mark.parametrize("looks", [True, False])
def test_what_was_typed_into_a_form_or_a_note_is_text_of_the_page(looks: bool) -> None:
    (page,) = redrawn(scans.form_pdf("1234 5678 9018", "see over", looks))
    assert said(page) == "Page one 1234 5678 9018 see over" and page.exact
    assert all(dark_within(page, word) for word in page.words)


def locked_pdf(password: str, algorithm: str) -> bytes:
    from pypdf import PdfReader, PdfWriter
    writer = PdfWriter(clone_from=PdfReader(BytesIO(text_pdf("Secret 77"))))
    writer.encrypt(password, algorithm=algorithm)
    into = BytesIO()
    writer.write(into)
    return into.getvalue()


@pytest.mark.parametrize("algorithm", ["RC4-128", "AES-128", "AES-256"])
def test_a_locked_pdf_asks_for_its_password_once(algorithm: str) -> None:
    locked = locked_pdf("open sesame", algorithm)
    assert refusal(locked).code == "file-locked"
    assert refusal(locked, password="wrong").code == "file-password-wrong"
    assert said(redrawn(locked, password="open sesame")[0]) == "Secret 77"


def test_a_password_in_japanese_opens() -> None:
    assert said(redrawn(locked_pdf("証券の鍵", "AES-256"), password="証券の鍵")[0]) == "Secret 77"


@pytest.mark.parametrize(("size", "width", "height"), [
    ((595, 842), 1653, 2338), ((258, 156), 1600, 968), ((20_000, 10_000), 4000, 2000), ((14_400, 1), 4000, 1),
])
def test_pages_of_every_size_have_a_sensible_number_of_pixels(size: tuple[int, int], width: int, height: int) -> None:
    (page,) = redrawn(text_pdf("x", size=size))
    assert abs(page.width - width) <= 1 and abs(page.height - height) <= 1


# --- reading

READER = """import sys; sys.path.insert(0, sys.argv[1])
from vault.domain.scans import Word
from vault.storage.sandbox import reading
def words(image, dpi):
    return [Word(f"{image.mode}-{image.width}-{dpi}", 210, 370, 60, 20), Word("elsewhere", 900, 900, 60, 20)]
reading.reader = lambda: words
"""


def test_pictures_are_read_at_their_resolution_and_never_called_exact(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "BOOT", READER + process.BOOT)
    scan = encoded(paper(1000, 1400), "PNG", dpi=(150, 150))
    (page,) = redrawn(scan, read=True)
    assert (said(page), page.exact) == ("RGB-1000-150 elsewhere", False)
    (page,) = redrawn(encoded(paper(8000, 5600, "L"), "JPEG", dpi=(600, 600)), read=True)
    assert said(page) == "L-4000-300 elsewhere"
    assert redrawn(scan)[0].words == ()


def test_a_page_of_text_is_not_read_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "BOOT", READER + process.BOOT)
    (page,) = redrawn(text_pdf("Policy AB-1234567"), read=True)
    assert (said(page), page.exact) == ("Policy AB-1234567", True)


def test_a_scan_with_a_line_of_text_is_read_for_what_the_text_does_not_say(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "BOOT", READER + process.BOOT)
    pdf = Pdf()
    font = pdf.add(b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>")
    picture = pdf.add(scans.picture_object(b"/DCTDecode", encoded(paper(), "JPEG"), SIZE, b"/DeviceRGB"))
    pdf.page(b"q 595 0 0 842 0 0 cm /I1 Do Q " + scans.drawn_text(["Received 2026"]),
             b"/Font << /F1 %d 0 R >> /XObject << /I1 %d 0 R >>" % (font, picture))
    (page,) = redrawn(pdf.made(), read=True)
    assert (said(page), page.exact) == ("Received 2026 elsewhere", False)


@pytest.mark.skipif(not sandbox.can_read(), reason="no Tesseract with Japanese on this machine")
def test_tesseract_reads_within_the_jail() -> None:
    image = Image.new("RGB", (1200, 300), "white")
    ImageDraw.Draw(image).text((60, 100), "No. 4021-77", fill="black", font=ImageFont.load_default(60))
    (page,) = redrawn(encoded(image, "PNG", dpi=(200, 200)), read=True)
    assert "4021" in said(page) and not page.exact
