"""What comes out of the sandbox for pictures that people really have, and what is refused in a sentence."""

from io import BytesIO

import pytest
from PIL import Image

from tests.support import scans
from tests.support.redrawn import BLUE, WHITE, corner, near, redrawn, refusal, seen
from tests.support.scans import Pdf, encoded, paper
from vault.domain.scans import Area
from vault.errors import Refused
from vault.storage import sandbox
from vault.storage.sandbox import LIMITS

# --- pictures

@pytest.mark.parametrize(("kind", "options"), [
    ("JPEG", {"quality": 90}), ("JPEG", {"progressive": True}), ("PNG", {}), ("WEBP", {}), ("WEBP", {"lossless": True}),
    ("TIFF", {}), ("TIFF", {"compression": "tiff_lzw"}), ("TIFF", {"compression": "jpeg"}),
    ("TIFF", {"compression": "tiff_adobe_deflate"}),
])
def test_a_picture_becomes_one_page_of_the_same_look(kind: str, options: dict[str, object]) -> None:
    (page,) = redrawn(encoded(paper(), kind, **options))
    assert (page.number, page.of, page.width, page.height, page.words, page.exact) == (1, 1, 620, 877, (), False)
    assert near(corner(page), BLUE) and near(corner(page, right=True), WHITE)
    thumb = Image.open(BytesIO(page.thumb))
    assert thumb.format == "JPEG" and max(thumb.size) == 180


@pytest.mark.parametrize("mode", ["1", "L", "P", "LA", "RGBA", "I;16"])
def test_every_kind_of_pixel_lies_on_white(mode: str) -> None:
    image = paper().convert("L") if mode == "I;16" else paper(mode="RGBA")
    image = image.convert("I").point(lambda value: value * 257 + 0).convert("I;16") if mode == "I;16" else image.convert(mode)
    if mode in ("LA", "RGBA"):
        image.putalpha(Image.new("L", image.size, 0))
    (page,) = redrawn(encoded(image, "PNG"))
    assert near(corner(page, right=True, bottom=True), WHITE)
    assert near(corner(page), WHITE) is (mode in ("LA", "RGBA"))


def test_a_transparent_palette_and_cmyk_are_drawn() -> None:
    palette = paper().convert("P")
    (page,) = redrawn(encoded(palette, "PNG", transparency=palette.getpixel((0, 0))))
    assert near(corner(page), WHITE)
    (page,) = redrawn(encoded(paper().convert("CMYK"), "JPEG"))
    assert near(corner(page), BLUE)


def test_a_fax_has_as_many_pages_as_its_file() -> None:
    others = [paper(300, 400).convert("1"), paper(400, 300)]
    fax = encoded(paper().convert("1"), "TIFF", save_all=True, append_images=others)
    pages = redrawn(fax)
    assert [(page.number, page.of, page.width, page.height) for page in pages] == [
        (1, 3, 620, 877), (2, 3, 300, 400), (3, 3, 400, 300)]


@pytest.mark.parametrize(("turn", "right", "bottom"), [(1, False, False), (3, True, True), (6, True, False), (8, False, True)])
def test_a_photograph_is_turned_as_the_camera_says_and_then_forgets_the_camera(turn: int, right: bool, bottom: bool) -> None:
    notes = Image.Exif()
    notes[scans.ORIENTATION], notes[scans.MAKER], notes[scans.GPS_PLACE] = turn, "Maker 7", scans.GPS
    (page,) = redrawn(encoded(paper(), "JPEG", exif=notes, comment=b"Maker 7"))
    assert (page.width, page.height) == ((877, 620) if turn in (6, 8) else (620, 877))
    assert near(corner(page, right, bottom), BLUE)
    assert b"Maker" not in page.image and b"Exif" not in page.image + page.thumb
    assert not Image.open(BytesIO(page.image)).getexif()


def test_a_grey_page_is_kept_grey_and_one_red_seal_keeps_its_colour() -> None:
    grey = paper().convert("L").convert("RGB")
    (page,) = redrawn(encoded(grey, "PNG"))
    assert Image.open(BytesIO(page.image)).mode == "L"
    grey.paste((255, 0, 0), (300, 300, 304, 304))
    (page,) = redrawn(encoded(grey, "PNG"))
    assert Image.open(BytesIO(page.image)).mode == "RGB"


def test_the_thin_line_of_a_pale_stamp_is_colour_too() -> None:
    large = Image.new("RGB", (2400, 3200), "white")
    large.paste((255, 235, 235), (1000, 1000, 1002, 1002))
    (page,) = redrawn(encoded(large, "PNG"))
    assert Image.open(BytesIO(page.image)).mode == "RGB"


def test_a_large_photograph_is_made_smaller() -> None:
    (page,) = redrawn(encoded(Image.new("RGB", (9000, 6000), "green"), "JPEG"))
    assert (page.width, page.height) == (4000, 2667)
    assert near(seen(page).getpixel((2000, 1300)), (0, 128, 0))


# --- refusals in a sentence

@pytest.mark.parametrize("data", [
    b"GIF89a\x01\x00\x01\x00\x00\x00\x00;", b"PK\x03\x04" + bytes(60), b"<html><script>1</script>", b"MZ" + bytes(100),
    b"BM" + bytes(100), b"\x00\x00\x00\x18ftypheic" + bytes(100), bytes(4000), b"%!PS-Adobe-3.0", b"\xff\xd8", b"II+\0" + bytes(50),
])
def test_foreign_files_are_told_apart_by_their_own_bytes(data: bytes) -> None:
    assert refusal(data).code == "file-unknown"


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF", "WEBP"])
def test_half_a_picture_is_no_page(kind: str) -> None:
    whole = encoded(Image.effect_noise((300, 300), 60), kind)
    assert refusal(whole[: len(whole) // 2]).code == "file-broken"


def test_what_is_no_pdf_but_says_so_is_broken_and_no_page_is_none() -> None:
    assert refusal(b"%PDF-1.7\nnothing else").code == "file-broken"
    assert refusal(Pdf().made()).code in ("file-empty", "file-broken")
    assert refusal(b"").code == "file-empty"


def test_a_torn_upload_is_refused_before_anything_looks_at_it() -> None:
    whole = encoded(paper(), "PNG")
    for size in (len(whole) - 1, len(whole) + 1):
        with pytest.raises(Refused, match="file-broken"):
            list(sandbox.redraw([whole[:100], whole[100:]], size))


def test_more_pages_than_allowed_are_refused_with_the_number() -> None:
    pdf = Pdf()
    for _ in range(4):
        pdf.page(b"")
    error = refusal(pdf.made(), limits=LIMITS._replace(pages=3))
    assert (error.code, error.facts) == ("file-too-many-pages", {"most": 3})
    many = encoded(Image.new("1", (8, 8)), "TIFF", save_all=True, append_images=[Image.new("1", (8, 8))] * 3)
    assert refusal(many, limits=LIMITS._replace(pages=3)).facts == {"most": 3}
    assert len(redrawn(many, limits=LIMITS._replace(pages=4))) == 4


# --- blacking out

def test_blackened_areas_are_black_and_the_rest_is_as_it_was() -> None:
    image = encoded(Image.new("RGB", (400, 300), "orange"), "JPEG")
    page = sandbox.blacken(image, [Area(50, 60, 100, 40), Area(390, 290, 100, 100)])
    assert (page.number, page.of, page.width, page.height, page.words) == (1, 1, 400, 300, ())
    colours = [seen(page).getpixel(at) for at in ((52, 62), (147, 97), (398, 298), (200, 200), (52, 110))]
    assert [sum(colour) < 60 for colour in colours] == [True, True, True, False, False]


def test_what_was_blackened_is_in_the_thumbnail_neither() -> None:
    image = encoded(Image.new("L", (400, 400), 255), "JPEG")
    thumb = Image.open(BytesIO(sandbox.blacken(image, [Area(0, 0, 400, 400)]).thumb))
    assert thumb.convert("L").getextrema()[1] < 30
