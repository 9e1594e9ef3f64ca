from . import (
    test_portal,
    test_portal_colleague,
    test_portal_number,
    test_portal_tour,
    test_signed_link,
)
