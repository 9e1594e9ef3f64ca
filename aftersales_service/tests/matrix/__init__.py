from . import test_methods, test_rights, test_routes
