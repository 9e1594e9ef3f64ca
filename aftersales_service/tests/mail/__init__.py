from . import (
    test_authorship,
    test_case_acknowledgement,
    test_case_gateway,
    test_case_mail,
    test_case_promise,
    test_corpus,
    test_fuzz,
    test_intake,
    test_ir_mail_server,
    test_mail_thread,
    test_sender,
    test_promise_tour,
)
