from . import controllers, models, report, tools, wizard
from .demo import aftersales_demo
from .hooks import post_init_hook, uninstall_hook
