"""Pools and addresses as one might write them in an afternoon. It serves a host well as long as nobody asks for much."""
import ipaddress
import re


class Refused(Exception):
    """Why something is not granted, and what is wrong with the request by itself."""

    def __init__(self, reason, problems=()):
        super().__init__(reason)
        self.reason, self.problems = reason, list(problems)


def read_address(text):
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None


def read_interface(text):
    """An address and the network around it; None for what is neither, a netmask included."""
    try:
        return ipaddress.ip_interface(text) if re.fullmatch(r"[^/]+/\d+", text) else None
    except ValueError:
        return None


class Pool:
    def __init__(self, name, space, network, range):
        self.name, self.space, self.network, self.range = name, space, network, range
        self.taken = set()
        self.last = None  # the address that was chosen last

    def within(self):
        return self.range or self.network

    def never_given(self):
        """The network's own address and the broadcast address, where there are such."""
        if self.network.version == 6:
            return {self.network.network_address}
        if self.network.prefixlen >= 31:
            return set()
        return {self.network.network_address, self.network.broadcast_address}


class Allocator:
    def __init__(self, options):
        self.defaults = [
            (each["space"], ipaddress.ip_network(each["block"]), each["size"]) for each in options["defaults"]
        ]
        self.reserved = [ipaddress.ip_network(each) for each in options["reserved"]]
        self.pools = {}

    # Pools

    def request_pool(self, request):
        """The new pool's network and its gateway, if one was asked for."""
        name, space = request["pool"], request["space"]
        problems = self.problems(request)
        if problems:
            raise Refused("invalid-parameter", problems)
        if name in self.pools:
            raise Refused("forbidden")
        range = ipaddress.ip_network(request["range"]) if request["range"] else None
        if self.is_chosen(request):
            network = self.choose_network(request)
        else:
            network = ipaddress.ip_network(request["subnet"])
            if not self.is_free(space, network, range):
                raise Refused("forbidden")
        pool = self.pools[name] = Pool(name, space, network, range)
        try:
            return network, self.take_gateway(pool, request["gateway"])
        except Refused:
            del self.pools[name]
            raise

    def release_pool(self, name):
        if name not in self.pools:
            raise Refused("invalid-parameter")
        del self.pools[name]

    def is_free(self, space, network, range):
        same = [pool for pool in self.pools.values() if pool.space == space and pool.network == network]
        return not same or (range is not None and all(pool.range != range for pool in same))

    def is_chosen(self, request):
        interface = read_interface(request["subnet"])
        return request["subnet"] == "" or (interface is not None and int(interface.ip) == 0)

    def choose_network(self, request):
        like = read_interface(request["subnet"])
        version = like.version if like else 6 if request["v6"] else 4
        for space, block, size in sorted(self.defaults, key=lambda each: (each[1].version, each[1])):
            length = like.network.prefixlen if like else size
            if space != request["space"] or block.version != version or not block.prefixlen <= length:
                continue
            for network in self.subnets(block, length):
                if self.is_clear(space, network):
                    return network
        raise Refused("invalid-parameter")

    def subnets(self, block, length):
        return block.subnets(new_prefix=length) if length <= block.max_prefixlen else []

    def is_clear(self, space, network):
        in_the_way = [pool.network for pool in self.pools.values() if pool.space == space]
        if space == "local":
            in_the_way += self.reserved
        return not any(other.version == network.version and other.overlaps(network) for other in in_the_way)

    def take_gateway(self, pool, gateway):
        if gateway == "":
            return None
        return self.any_address(pool) if gateway == "auto" else self.this_address(pool, gateway)

    # What is wrong with a request by itself

    def problems(self, request):
        range, gateway, auxiliary = request["range"], request["gateway"], request["auxiliary"]
        if self.is_chosen(request):
            return (
                (["range-without-subnet"] if range else [])
                + (["gateway-outside-subnet"] if gateway not in ("", "auto") else [])
                + (["auxiliary-outside-subnet"] if auxiliary else [])
            )
        interface = read_interface(request["subnet"])
        if interface is None:
            return ["subnet-invalid"]
        network = interface.network
        problems = [] if interface.ip == network.network_address else ["subnet-host-bits"]
        return problems + self.range_problems(range, network) + self.address_problems(gateway, auxiliary, network)

    def range_problems(self, text, network):
        if text == "":
            return []
        interface = read_interface(text)
        if interface is None:
            return ["range-invalid"]
        range = interface.network
        if range.version != network.version:
            return ["range-other-family"]
        return (
            ([] if interface.ip == range.network_address else ["range-host-bits"])
            + ([] if range.prefixlen >= network.prefixlen else ["range-larger-than-subnet"])
            + ([] if range.overlaps(network) else ["range-outside-subnet"])
        )

    def address_problems(self, gateway, auxiliary, network):
        problems = []
        if gateway not in ("", "auto"):
            address = read_address(gateway)
            if address is None:
                problems.append("gateway-invalid")
            elif address not in network:
                problems.append("gateway-outside-subnet")
        addresses = [read_address(text) for text in auxiliary]
        if None in addresses:
            problems.append("auxiliary-invalid")
        if any(address is not None and address not in network for address in addresses):
            problems.append("auxiliary-outside-subnet")
        return problems

    # Addresses

    def request_address(self, name, text):
        pool = self.pool(name)
        return self.this_address(pool, text) if text else self.any_address(pool)

    def release_address(self, name, text):
        pool = self.pool(name)
        pool.taken.discard(self.address_in(pool, text))

    def pool(self, name):
        if name not in self.pools:
            raise Refused("not-found")
        return self.pools[name]

    def address_in(self, pool, text):
        address = read_address(text)
        if address is None or address not in pool.network:
            raise Refused("invalid-parameter")
        return address

    def this_address(self, pool, text):
        address = self.address_in(pool, text)
        if self.is_taken(pool, address):
            raise Refused("forbidden")
        pool.taken.add(address)
        return address

    def any_address(self, pool):
        within = pool.within()
        address = within.network_address if pool.last is None else pool.last + 1
        while address in within:
            if not self.is_taken(pool, address):
                pool.taken.add(address)
                pool.last = address
                return address
            address += 1
        raise Refused("unavailable")

    def is_taken(self, pool, address):
        """Pools of one network share its addresses."""
        sharing = [other for other in self.pools.values() if (other.space, other.network) == (pool.space, pool.network)]
        return address in pool.never_given() or any(address in other.taken for other in sharing)
