"""Which form and page is this, and where exactly: find, verify, refine, or refuse."""

from pipeline.registration.model import Registration, RegistrationMethod
from pipeline.registration.policy import RegistrationPolicy
from pipeline.registration.register import Stages, register, register_in_stages

__all__ = ["Registration", "RegistrationMethod", "RegistrationPolicy", "Stages", "register", "register_in_stages"]
