from . import (
    test_business_time,
    test_clock_machine,
    test_clock_properties,
    test_mail_content,
    test_mail_headers,
    test_mail_source,
    test_picture,
    test_replay,
    test_sender_proof,
)
