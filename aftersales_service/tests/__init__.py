from . import test_filters, test_migration, test_translations
from .tools import *
from .base import *
from .ledger import *
from .case import *
from .policy import *
from .clock import *
from .mail import *
from .portal import *
from .desk import *
from .escalation import *
from .integrity import *
from .rollout import *
from .matrix import *
