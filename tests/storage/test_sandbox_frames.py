"""The parent believes its child nothing: whatever a decoder that was taken over could answer is refused."""

import struct
from io import BytesIO

import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from tests.support.scans import encoded, paper
from vault.domain.scans import Word
from vault.errors import Malformed, Refused
from vault.storage import sandbox
from vault.storage.sandbox import frames, process
from vault.storage.sandbox.frames import PageImage, page_frame, parsed, refusal_frame
from vault.storage.sandbox.jpeg import measured

IMAGE = encoded(paper(200, 300), "JPEG")
THUMB = encoded(paper(60, 90), "JPEG")
PAGE = PageImage(1, 1, 200, 300, IMAGE, THUMB, (Word("保険", 1, 2, 30, 40), Word("AB-1", 50, 2, 150, 298)), exact=True)


def parse(data: bytes) -> object:
    file = BytesIO(data)

    def take(count: int) -> bytes:
        piece = file.read(count)
        if len(piece) != count:
            raise EOFError
        return piece

    return parsed(take)


def test_a_page_and_a_refusal_come_back_as_they_were() -> None:
    assert parse(page_frame(PAGE)) == PAGE
    assert parse(refusal_frame("file-locked")) == frames.Refusal("file-locked")
    assert parse(frames.END) is None


@pytest.mark.parametrize("changed", [
    {"width": 201}, {"height": 299}, {"image": IMAGE + b"<script>"}, {"image": b"<html>"}, {"image": b""}, {"thumb": IMAGE},
    {"thumb": b"\xff\xd8"}, {"image": encoded(paper(200, 300), "PNG")},
    {"words": (Word("out", 190, 2, 11, 4),)}, {"words": (Word("out", 0, 290, 5, 11),)}, {"words": (Word("flat", 0, 0, 0, 5),)},
    {"words": (Word("", 0, 0, 5, 5),)}, {"words": (Word("a\x00b", 0, 0, 5, 5),)}, {"words": (Word("a\nb", 0, 0, 5, 5),)},
    {"words": (Word("a\u202eb", 0, 0, 5, 5),)}, {"words": (Word("a\ue000", 0, 0, 5, 5),)},
    {"words": (Word("x" * 201, 0, 0, 5, 5),)}, {"words": (Word("x", 0, 0, 5, 5),) * 20_001},
])
def test_a_page_that_is_not_what_it_says_is_refused(changed: dict[str, object]) -> None:
    with pytest.raises(Malformed):
        parse(page_frame(PAGE._replace(**changed)))


@pytest.mark.parametrize("sizes", [(frames.IMAGE_BYTES + 1, 1, 0), (1, frames.THUMB_BYTES + 1, 0),
                                   (1, 1, frames.WORD_BYTES + 1), (2**32 - 1,) * 3])
def test_sizes_are_bounded_before_anything_is_taken(sizes: tuple[int, int, int]) -> None:
    with pytest.raises(Malformed):
        parse(b"P" + struct.pack(">IIIIIII?", 1, 1, 10, 10, *sizes, False))


@pytest.mark.parametrize("data", [b"X", b"\0", b"R\x05abcde", b"R\xff" + b"f" * 255, b"R\x0bfile-\xff\xfe\xfd\xfc\xfb\xfa",
                                  b"R\x0bfile-tooold"])
def test_foreign_frames_and_codes_are_refused(data: bytes) -> None:
    with pytest.raises(Malformed):
        parse(data)


def test_words_that_are_not_whole_are_refused() -> None:
    head = struct.pack(">IIIIIII?", 1, 1, 200, 300, len(IMAGE), len(THUMB), 30, True)
    for words in (struct.pack(">IIIIH", 0, 0, 5, 5, 99) + b"x" * 12, b"\0" * 30, struct.pack(">IIIIH", 0, 0, 5, 5, 12) + b"\xff" * 12):
        with pytest.raises(Malformed):
            parse(b"P" + head + IMAGE + THUMB + words)


def test_a_page_without_words_is_exact_in_nothing() -> None:
    page = parse(page_frame(PAGE._replace(words=())))
    assert isinstance(page, PageImage) and not page.exact


def with_segment(data: bytes, marker: int, body: bytes) -> bytes:
    return data[:2] + bytes((0xFF, marker)) + struct.pack(">H", len(body) + 2) + body + data[2:]


@pytest.mark.parametrize("data", [
    IMAGE[:-2], IMAGE[:-1], IMAGE + b"\0", IMAGE + IMAGE, b"\xff\xd8\xff\xd9", IMAGE[2:], b"", IMAGE[:40],
    IMAGE[:-2] + b"\xff\xe1\x00\x04ab" + IMAGE[-2:], IMAGE[:-2] + b"\xff\xfe\x00\x04ab\xff\xd9",
    with_segment(IMAGE, 0xFE, b"<script>alert(1)</script>"), with_segment(IMAGE, 0xE1, b"Exif\0\0" + bytes(20)),
    with_segment(IMAGE, 0xE2, b"ICC_PROFILE\0" + bytes(20)), with_segment(IMAGE, 0xED, b"Photoshop 3.0\0"),
    with_segment(IMAGE, 0xE0, b"JFIF\0\1\1\0\0\1\0\1\2\2" + bytes(12)), with_segment(IMAGE, 0xDB, bytes(3000)),
    with_segment(IMAGE, 0xD9, b""), IMAGE.replace(b"\xff\xc0\x00\x11\x08", b"\xff\xc0\x00\x11\x0c"),
    IMAGE.replace(b"\xff\xc0", b"\xff\xc9"), encoded(paper(200, 300).convert("CMYK"), "JPEG"),
    encoded(paper(), "PNG", pnginfo=PngInfo()), b"\xff\xd8\xff\xe0\x00\x01" + IMAGE[4:],
])
def test_only_a_plain_jpeg_passes(data: bytes) -> None:
    with pytest.raises(Malformed):
        measured(data)


@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"optimize": True}, {"restart_marker_rows": 1}, {"subsampling": 0}])
@pytest.mark.parametrize("mode", ["L", "RGB"])
def test_a_plain_jpeg_of_every_sort_is_measured(mode: str, options: dict[str, object]) -> None:
    assert measured(encoded(paper(130, 70, mode), "JPEG", **options)) == (130, 70)


def answering(*answers: bytes) -> str:
    """A child that writes these bytes, whatever it is told."""
    data = b"".join(answers)
    return f"import os\ndata = {data!r}\nwhile data: data = data[os.write(1, data):]"


# All that such a child says stands in its one line.
SMALL = PageImage(1, 1, 40, 60, encoded(paper(40, 60, "L"), "JPEG"), encoded(paper(20, 30, "L"), "JPEG"), (), exact=False)
LIES = {
    "no page at all": (frames.END,),
    "nothing": (),
    "the second page first": (page_frame(SMALL._replace(number=2, of=2)), frames.END),
    "the first page twice": (page_frame(SMALL._replace(of=2)), page_frame(SMALL._replace(of=2)), frames.END),
    "one page of two": (page_frame(SMALL._replace(of=2)), frames.END),
    "two pages of one": (page_frame(SMALL), page_frame(SMALL._replace(number=2)), frames.END),
    "a number that changes": (page_frame(SMALL._replace(of=3)), page_frame(SMALL._replace(number=2, of=2)), frames.END),
    "more pages than allowed": (*(page_frame(SMALL._replace(number=each, of=4)) for each in range(1, 5)), frames.END),
    "half a page": (page_frame(SMALL)[:-5],),
    "noise": (b"\x93" * 4096,),
}


@pytest.mark.parametrize("lie", LIES, ids=str)
def test_a_lying_child_is_not_believed(lie: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "BOOT", answering(*LIES[lie]))
    with pytest.raises(Refused, match="file-broken"):
        list(sandbox.redraw([IMAGE], len(IMAGE), limits=sandbox.LIMITS._replace(pages=3)))


def test_an_honest_one_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "BOOT", answering(page_frame(PAGE), frames.END))
    assert list(sandbox.redraw([IMAGE], len(IMAGE))) == [PAGE]


def test_a_child_that_never_stops_answering_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "BOOT", "import os\nwhile True: os.write(1, b'P' * 4096)")
    with pytest.raises(Refused, match="file-broken"):
        list(sandbox.redraw([IMAGE], len(IMAGE)))


def test_the_drawn_picture_has_its_size_from_its_own_header() -> None:
    assert measured(IMAGE) == Image.open(BytesIO(IMAGE)).size == (200, 300)
