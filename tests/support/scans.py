"""PDFs and pictures for the tests: whole ones, odd ones, and such as nobody should send."""

import struct
import zlib
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path

from PIL import Image, ImageDraw

A4 = (595, 842)
# Where the sandbox may look: on a machine whose fonts were unpacked elsewhere for the tests, it has none.
JAPANESE_FONTS = any(found for kind in ("*CJK*", "BIZ*", "ipa*") for found in Path("/usr/share/fonts").rglob(kind))
GPS = {1: "N", 2: (35.0, 40.0, 52.0), 3: "E", 4: (139.0, 46.0, 1.0)}
ORIENTATION, MAKER, GPS_PLACE = 0x0112, 0x010F, 0x8825


class Pdf:
    """A PDF put together object by object, so that a test may write what no program would."""

    def __init__(self, header: bytes = b"%PDF-1.7\n") -> None:
        self._header = header
        self._objects: dict[int, bytes] = {1: b"", 2: b""}
        self._pages: list[int] = []
        self.catalog = b""
        self.count: int | None = None  # of pages, as the file claims
        self.trailer = b""

    def add(self, body: bytes, number: int | None = None) -> int:
        """An object; its number."""
        number = number or len(self._objects) + 1
        self._objects[number] = body
        return number

    def stream(self, data: bytes, entries: bytes = b"", packed: bool = True) -> int:
        """A stream, deflated or as it is; its number."""
        filtered = b" /Filter /FlateDecode" if packed else b""
        body = zlib.compress(data) if packed else data
        return self.add(b"<< /Length %d%s %s >>\nstream\n%s\nendstream" % (len(body), filtered, entries, body))

    def page(self, drawing: bytes, resources: bytes = b"", size: Sequence[float] = A4, more: bytes = b"") -> int:
        """A page that shows the drawing; `more` are further entries of it."""
        contents = self.stream(drawing)
        box = b" ".join(b"%.4f" % each for each in size)
        self._pages.append(self.add(
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 %s] /Resources << %s >> /Contents %d 0 R %s >>"
            % (box, resources, contents, more)))
        return self._pages[-1]

    def made(self) -> bytes:
        """The file."""
        kids = b" ".join(b"%d 0 R" % page for page in self._pages)
        count = len(self._pages) if self.count is None else self.count
        self._objects[1] = b"<< /Type /Catalog /Pages 2 0 R %s >>" % self.catalog
        self._objects[2] = b"<< /Type /Pages /Kids [%s] /Count %d >>" % (kids, count)
        out, places = BytesIO(), {}
        out.write(self._header)
        for number, body in sorted(self._objects.items()):
            places[number] = out.tell()
            out.write(b"%d 0 obj\n%s\nendobj\n" % (number, body))
        start = out.tell()
        out.write(b"xref\n0 %d\n0000000000 65535 f \n" % (len(places) + 1))
        out.write(b"".join(b"%010d 00000 n \n" % places[number] for number in sorted(places)))
        out.write(b"trailer\n<< /Size %d /Root 1 0 R %s >>\nstartxref\n%d\n%%%%EOF\n"
                  % (len(places) + 1, self.trailer, start))
        return out.getvalue()


def text_pdf(*lines: str, size: Sequence[float] = A4, more: bytes = b"", mode: int = 0) -> bytes:
    """One page of Helvetica, 12 points; `mode` is how text is painted, 3 for not at all."""
    pdf = Pdf()
    font = pdf.add(b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>")
    pdf.page(drawn_text(lines, mode), b"/Font << /F1 %d 0 R >>" % font, size, more)
    return pdf.made()


def drawn_text(lines: Sequence[str], mode: int = 0) -> bytes:
    """The lines in font F1 from 72, 700 downwards, 20 points apart."""
    shown = b" T* ".join(b"(%s) Tj" % line.encode("latin-1") for line in lines)
    return b"BT /F1 12 Tf %d Tr 20 TL 72 700 Td %s ET" % (mode, shown)


def form_pdf(typed: str, note: str, looks: bool) -> bytes:
    """A page with a field that was filled in and a note; without looks of their own the reader has to make them."""
    pdf = Pdf()
    font = pdf.add(b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>")
    fonts = b"/Font << /F1 %d 0 R >>" % font
    places = []
    for kind, text, top in ((b"/Widget /FT /Tx /T (n) /V", typed, 600), (b"/FreeText /Contents", note, 500)):
        shown = b"BT /F1 12 Tf 2 8 Td (%s) Tj ET" % text.encode("latin-1")
        look = pdf.add(b"<< /Type /XObject /Subtype /Form /BBox [0 0 200 30] /Resources << %s >> /Length %d >>\nstream\n%s\nendstream"
                       % (fonts, len(shown), shown))
        looked = b"/AP << /N %d 0 R >>" % look if looks else b""
        places.append(pdf.add(b"<< /Type /Annot /Subtype %s (%s) /DA (/F1 12 Tf 0 g) /Rect [100 %d 300 %d] /F 4 %s >>"
                              % (kind, text.encode("latin-1"), top, top + 30, looked)))
    pdf.catalog = b"/AcroForm << /Fields [%d 0 R] /DR << %s >> /DA (/F1 12 Tf 0 g) >>" % (places[0], fonts)
    pdf.page(drawn_text(["Page one"]), fonts, more=b"/Annots [%d 0 R %d 0 R]" % tuple(places))
    return pdf.made()


def japanese_pdf(name: str, text: str, vertical: bool = False) -> bytes:
    """A page in a Japanese font that is not in the file, as older programs of insurers write it; 40 points."""
    pdf = Pdf()
    base = name.encode("ascii")
    described = pdf.add(
        b"<< /Type /FontDescriptor /FontName /%s /Flags 4 /FontBBox [0 -137 1000 859] /ItalicAngle 0 /Ascent 859 "
        b"/Descent -137 /StemV 78 /CapHeight 709 >>" % base)
    inner = pdf.add(
        b"<< /Type /Font /Subtype /CIDFontType0 /BaseFont /%s /FontDescriptor %d 0 R /DW 1000 "
        b"/CIDSystemInfo << /Registry (Adobe) /Ordering (Japan1) /Supplement 2 >> >>" % (base, described))
    way = b"V" if vertical else b"H"
    outer = pdf.add(
        b"<< /Type /Font /Subtype /Type0 /BaseFont /%s-90ms-RKSJ-%s /Encoding /90ms-RKSJ-%s "
        b"/DescendantFonts [%d 0 R] >>" % (base, way, way, inner))
    shown = text.encode("cp932").hex().encode()
    pdf.page(b"BT /F1 40 Tf 100 700 Td <%s> Tj ET" % shown, b"/Font << /F1 %d 0 R >>" % outer)
    return pdf.made()


def picture_pdf(filtered: bytes, data: bytes, size: tuple[int, int], space: bytes = b"/DeviceRGB", bits: int = 8,
                more: bytes = b"") -> bytes:
    """A page filled by one picture in the coding of `filtered`."""
    pdf = Pdf()
    picture = pdf.add(picture_object(filtered, data, size, space, bits, more))
    pdf.page(b"q 595 0 0 842 0 0 cm /I1 Do Q", b"/XObject << /I1 %d 0 R >>" % picture)
    return pdf.made()


def picture_object(filtered: bytes, data: bytes, size: tuple[int, int], space: bytes, bits: int = 8, more: bytes = b"") -> bytes:
    return (b"<< /Type /XObject /Subtype /Image /Width %d /Height %d /ColorSpace %s /BitsPerComponent %d /Filter %s "
            b"/Length %d %s >>\nstream\n%s\nendstream"
            % (*size, space, bits, filtered, len(data), more, data))


def jbig2(image: Image.Image) -> bytes:
    """A JBIG2 stream as a PDF holds it: a page and one generic region, its lines coded as in a fax of group 4."""
    width, height = image.size
    lines = group4(image)
    page = struct.pack(">IIIIBH", width, height, 0, 0, 0, 0)
    region = struct.pack(">IIIIB", width, height, 0, 0, 0) + b"\x01" + lines
    return _segment(0, 48, page) + _segment(1, 38, region)


def _segment(number: int, kind: int, data: bytes) -> bytes:
    return struct.pack(">IBBBI", number, kind, 0, 1, len(data)) + data


def group4(image: Image.Image) -> bytes:
    """A black and white picture, black as PDF wants it, coded as a fax of group 4, without the file around it."""
    into = BytesIO()
    image.convert("L").point(lambda value: 255 - value).convert("1").save(into, "TIFF", compression="group4", strip_size=1 << 26)
    into.seek(0)
    with Image.open(into) as kept:
        tags = kept.tag_v2  # type: ignore[attr-defined]
        (start,), (length,) = tags[273], tags[279]
    return into.getvalue()[start : start + length]


def packed(byte: int, megabytes: int) -> bytes:
    """So many megabytes of one byte, deflated, without ever holding them."""
    packer = zlib.compressobj(6)
    return b"".join(packer.compress(bytes((byte,)) * 1024 * 1024) for _ in range(megabytes)) + packer.flush()


def encoded(image: Image.Image, kind: str, **options: object) -> bytes:
    """A picture as a file."""
    into = BytesIO()
    image.copy().save(into, kind, **options)  # `save` leaves notes for itself in the picture
    return into.getvalue()


def paper(width: int = 620, height: int = 877, mode: str = "RGB") -> Image.Image:
    """A page with a frame, lines and a red seal: its upper left corner is blue, so that one sees how it was turned."""
    image = Image.new("RGB", (width, height), "white")
    brush = ImageDraw.Draw(image)
    brush.rectangle((width // 20, height // 20, width - width // 20, height - height // 20), outline="black", width=3)
    for line in range(height // 5, height - height // 5, max(8, height // 30)):
        brush.line((width // 8, line, width - width // 8, line), fill="black", width=2)
    brush.ellipse((width * 3 // 4, height * 3 // 4, width * 7 // 8, height * 3 // 4 + width // 8), outline="red", width=6)
    brush.rectangle((0, 0, width // 6, height // 6), fill="blue")
    return image.convert(mode)
