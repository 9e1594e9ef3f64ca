"""Everything a row can measure on."""

from functools import cached_property

from odoo import SUPERUSER_ID

from benchmarks import databases, fill, settings, world
from benchmarks.measure import Site


class Bench:
    """The databases of a run.

    ``core`` holds Odoo's own modules alone, with as many orders as the middle size;
    ``sites`` one database per size with our addons.
    """

    def __init__(self, say=print):
        self.say = say
        self.install_seconds = None

    @cached_property
    def sites(self):
        """One ``Site`` per size, smallest first."""
        return [Site(self._filled(size), size) for size in settings.SIZES]

    @property
    def smallest(self):
        """The smallest site."""
        return self.sites[0]

    @property
    def largest(self):
        """The largest site."""
        return self.sites[-1]

    @property
    def middle(self):
        """The site that comparisons with core are made on: 10,000 cases, if asked."""
        return next((s for s in self.sites if s.size == 10_000), self.smallest)

    def running(self, clocks):
        """Return a ``Site`` with so many running clocks on half as many cases, and
        nothing else on them. None is due within a day. The row that asks for it drops
        it by :meth:`drop_running`."""
        name = self._name(f"clocks_{settings.size_label(clocks)}")
        if not self._kept(name):
            databases.copy(self._base(), name)
            self.say(f"filling {name}")
            self._fill(name, lambda env: fill.fill_running(env, clocks))
        return Site(name, clocks)

    def drop_running(self, site):
        """Remove a database made by :meth:`running`, unless it is to be kept."""
        if not settings.KEEP:
            databases.drop(site.database)

    @cached_property
    def core(self):
        """A ``Site`` without our addons, its orders like those of ``middle``."""
        size = self.middle.size
        name = self._name(f"core_{size}")
        if not self._kept(name):
            databases.copy(self._core_base(), name)
            self._fill(name, lambda env: fill.fill_core(env, size))
        return Site(name, size)

    def measure_install(self):
        """Return the seconds it takes to install both addons; None when databases of
        an earlier run are used."""
        self._base()
        return self.install_seconds

    # Databases ------------------------------------------------------------------------

    def _name(self, label):
        return f"{settings.PREFIX}_{label}"

    def _kept(self, name):
        return settings.KEEP and databases.exists(name)

    def _core_base(self):
        name = self._name("core")
        if not self._kept(name) and name not in self._built:
            self.say("making a database with Odoo's own modules")
            databases.make_core(name)
            self._fill(name, world.seed_core)
            self._built.add(name)
        return name

    def _base(self):
        name = self._name("base")
        if not self._kept(name) and name not in self._built:
            databases.copy(self._core_base(), name)
            self.say("installing the addons")
            self.install_seconds = databases.install(name, settings.ADDONS)
            self._fill(name, world.seed_service)
            self._built.add(name)
        return name

    @cached_property
    def _built(self):
        return set()

    def _filled(self, size):
        name = self._name(settings.size_label(size))
        if not self._kept(name):
            databases.copy(self._base(), name)
            self.say(f"filling {name}")
            self._fill(name, lambda env: _fill_both(env, size))
        return name

    def _seed(self, name, seed):
        Site(name, 0).run(seed, user=SUPERUSER_ID, commit=True)
        databases.close(name)

    def _fill(self, name, work):
        """A fill that broke off leaves no database that a later run would take."""
        try:
            self._seed(name, work)
        except BaseException:
            databases.drop(name)
            raise
        databases.vacuum(name)

    def drop(self):
        """Remove the databases, unless they are to be kept."""
        if settings.KEEP:
            return
        rows = databases.execute(
            "SELECT datname FROM pg_database WHERE datname LIKE %s",
            [settings.PREFIX.replace("_", r"\_") + r"\_%"],
        )
        for (name,) in rows:
            databases.drop(name)


def _fill_both(env, size):
    fill.fill_service(env, size, fill.fill_core(env, size))
