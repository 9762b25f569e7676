"""Whether this machine can draw Japanese that a file does not bring letters for. Runs in the child only.

Without such a font PDFium leaves the letters out, and the page would be kept as if nothing had ever stood there.
"""

from __future__ import annotations

from functools import cache

import pypdfium2 as pdfium
from PIL import Image

# One あ in MS Gothic, which older programs of insurers take for granted and no server of ours has.
_SAMPLE = b"""%PDF-1.4
1 0 obj << /Type /Catalog /Pages 2 0 R >> endobj
2 0 obj << /Type /Pages /Kids [3 0 R] /Count 1 >> endobj
3 0 obj << /Type /Page /Parent 2 0 R /MediaBox [0 0 20 20] /Resources << /Font << /F 4 0 R >> >> /Contents 7 0 R >> endobj
4 0 obj << /Type /Font /Subtype /Type0 /BaseFont /MS-Gothic /Encoding /90ms-RKSJ-H /DescendantFonts [5 0 R] >> endobj
5 0 obj << /Type /Font /Subtype /CIDFontType2 /BaseFont /MS-Gothic /DW 1000 /FontDescriptor 6 0 R
/CIDSystemInfo << /Registry (Adobe) /Ordering (Japan1) /Supplement 2 >> >> endobj
6 0 obj << /Type /FontDescriptor /FontName /MS-Gothic /Flags 4 /StemV 78 /ItalicAngle 0 /Ascent 859 /Descent -141
/CapHeight 679 /FontBBox [0 -137 1000 859] >> endobj
7 0 obj << /Length 31 >> stream
BT /F 16 Tf 2 4 Td <82A0> Tj ET
endstream endobj
trailer << /Root 1 0 R /Size 8 >>
"""


@cache
def japanese() -> bool:
    """Drawn once: is there anything to see?"""
    with pdfium.PdfDocument(_SAMPLE) as document:
        image: Image.Image = document[0].render(scale=2, grayscale=True).to_pil()
    return image.getextrema() != (255, 255)
