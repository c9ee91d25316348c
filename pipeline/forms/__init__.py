"""What a form is: its layout in millimetres, its numbers with all their writings, its checks. One YAML file a form."""

from pipeline.forms.catalogue import FormError, known_forms, load_catalogue, load_form
from pipeline.forms.checks import CheckError, parse_check
from pipeline.forms.drawing import draw_page
from pipeline.forms.geometry import Circle, CodeKind, Identity, Ink, Line, PrintedCode, PrintedText, Rect, Tag, TextStyle
from pipeline.forms.lint import LintCode, LintFinding, lint, lint_form
from pipeline.forms.model import (
    Bounds,
    Bubbles,
    Catalogue,
    Check,
    FieldLayout,
    Form,
    FormStatus,
    Guide,
    LinearConstraint,
    Page,
    Relation,
    RowSums,
    TallyGrid,
)
from pipeline.forms.picture import draw_layout

__all__ = [
    "Bounds",
    "Bubbles",
    "Catalogue",
    "Check",
    "CheckError",
    "Circle",
    "CodeKind",
    "FieldLayout",
    "Form",
    "FormError",
    "FormStatus",
    "Guide",
    "Identity",
    "Ink",
    "Line",
    "LinearConstraint",
    "LintCode",
    "LintFinding",
    "Page",
    "PrintedCode",
    "PrintedText",
    "Rect",
    "Relation",
    "RowSums",
    "Tag",
    "TallyGrid",
    "TextStyle",
    "draw_layout",
    "draw_page",
    "known_forms",
    "lint",
    "lint_form",
    "load_catalogue",
    "load_form",
    "parse_check",
]
