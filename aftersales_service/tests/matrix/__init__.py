from . import test_methods, test_rights
