from . import test_contexts, test_methods, test_rights, test_routes
