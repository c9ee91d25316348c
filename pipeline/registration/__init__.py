"""Which form and page is this, and where exactly: find, verify, refine, or refuse.

Inside this package a page is laid in units (see `unit`): lengths named mm are millimetres of a page as large as the poster of 2024. Only
`Registration`, which leaves it, speaks of the paper's own millimetres.
"""

from pipeline.registration.model import Registration, RegistrationMethod
from pipeline.registration.policy import RegistrationPolicy
from pipeline.registration.register import Stages, register, register_in_stages

__all__ = ["Registration", "RegistrationMethod", "RegistrationPolicy", "Stages", "register", "register_in_stages"]
