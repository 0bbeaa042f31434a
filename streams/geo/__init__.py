"""Geography of addresses: place, autonomous system and network class, from one packaged database and your own files.

``GeoDatabase`` looks addresses up, ``network_class`` judges a network by its name, ``public_networks`` lists networks
of countries for the simulator. Sources and licences of the data are in ``LICENSES.md``.
"""

from streams.geo.database import GeoDatabase, Located
from streams.geo.network_class import network_class
from streams.geo.networks import Network, public_networks

__all__ = ["GeoDatabase", "Located", "Network", "network_class", "public_networks"]
