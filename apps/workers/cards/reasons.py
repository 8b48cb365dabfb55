"""Why a figure of a card is not known. Knows no Django: the reading child uses it."""

from __future__ import annotations

NO_LIBRARY = "no_library"
NO_DRIVER = "no_driver"
DRIVER_MISMATCH = "driver_mismatch"
NO_PERMISSION = "no_permission"
CARD_LOST = "card_lost"
CARD_FAULTY = "card_faulty"
RESET_REQUIRED = "reset_required"
NOT_SUPPORTED = "not_supported"
NO_DATA = "no_data"
TIMEOUT = "timeout"
UNKNOWN = "unknown"

OF_THE_CARD = frozenset({CARD_LOST, CARD_FAULTY, RESET_REQUIRED})
"""What one call says of the whole card: nothing else that it answers can be trusted."""
ABSENT = frozenset({NO_LIBRARY, NO_DRIVER})
"""What a machine without cards says; trouble only where there were some before."""

OF_CODE: dict[int, str] = {
    1: UNKNOWN,  # uninitialized
    2: UNKNOWN,  # invalid argument
    3: NOT_SUPPORTED,
    4: NO_PERMISSION,
    5: UNKNOWN,  # already initialized
    6: NO_DATA,  # not found
    7: UNKNOWN,  # insufficient size
    8: CARD_FAULTY,  # insufficient external power
    9: NO_DRIVER,
    10: TIMEOUT,
    11: CARD_FAULTY,  # an interrupt does not arrive
    12: NO_LIBRARY,
    13: NOT_SUPPORTED,  # the library is too old for this call
    14: CARD_FAULTY,  # corrupted infoROM
    15: CARD_LOST,
    16: RESET_REQUIRED,
    17: NO_PERMISSION,  # the operating system has blocked the request
    18: DRIVER_MISMATCH,  # the library is of another version than the loaded driver
    19: UNKNOWN,  # in use
    20: UNKNOWN,  # insufficient memory
    21: NO_DATA,
    22: NOT_SUPPORTED,  # not with ECC
    23: UNKNOWN,  # insufficient resources
    24: NOT_SUPPORTED,  # frequency
    25: NOT_SUPPORTED,  # version of an argument
    26: NOT_SUPPORTED,  # deprecated
    27: NO_DATA,  # not ready
    28: CARD_LOST,  # no such card any more
    29: UNKNOWN,  # invalid state
    30: NOT_SUPPORTED,  # kind of reset
    999: UNKNOWN,
}
"""By the number that NVML answers with. One that is not here is unknown as well."""


def of_code(number: int) -> str:
    """The reason that stands for an NVML error."""
    return OF_CODE.get(number, UNKNOWN)
