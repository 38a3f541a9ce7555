"""What Evenkeel reaches outside AWS: the applications' write checks over HTTPS, and the name servers.

Both ask the emulator how things stand, so that what they answer follows from what Evenkeel did to it. They listen on
loopback, on the ports 443 and 53 that real ones have: `run` gives the suite a network of its own.
"""

import functools
import http.server
import pathlib
import ssl
import sys
import threading

import dnslib
import dnslib.server
import trustme

from shop import NAMES

NAME_SERVERS = ("ns-1.example.net", "ns-2.example.net")
LOOPBACK = "127.0.0.1"


class Application:
    """The application of one shop, in both Regions. Which one is asked, its address tells."""

    def __init__(self, shop):
        self.shop = shop
        self.stored = ""
        # DB instances through which nothing is written, and Regions in which nothing answers as it should.
        self.broken_writers, self.lost_regions = set(), set()

    def why_not(self, region):
        """Why nothing is written or read through the writer in a Region, or nothing when it is."""
        shop = self.shop
        if region in self.lost_regions:
            return "the Region is lost"
        if status := shop.edge(region):
            return f"the listener answers {status} by itself"
        if not shop.healthy_targets(region):
            return "no target is healthy"
        if shop.is_isolated(region):
            return "nobody gets into the database"
        writer = shop.writer(region)
        if writer is None:
            return "the database here is a reader"
        if writer in self.broken_writers:
            return f"{writer} does not answer"
        return None


def serve(applications, certificate):
    """Answers for all of them until the process ends."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    for application in applications:
        for region, address in application.shop.addresses.items():
            handler = functools.partial(Handler, application, region)
            server = http.server.ThreadingHTTPServer((address, 443), handler)
            server.daemon_threads = True
            server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
            threading.Thread(target=server.serve_forever, daemon=True).start()
    names = dnslib.server.DNSServer(
        Names([application.shop for application in applications]),
        address=LOOPBACK,
        port=53,
        logger=dnslib.server.DNSLogger("-request,-reply,-truncated,-error", prefix=False),
    )
    names.start_thread()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def __init__(self, application, region, *arguments):
        self.application, self.region = application, region
        super().__init__(*arguments)

    def do_PUT(self):
        sent = self.rfile.read(int(self.headers.get("content-length", 0))).decode()
        why = self.application.why_not(self.region)
        if why is None:
            self.application.stored = sent
        self.answer(why, "")

    def do_GET(self):
        self.answer(self.application.why_not(self.region), self.application.stored)

    def answer(self, why, text):
        body = (why or text).encode()
        self.send_response(503 if why else 200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class Names(dnslib.server.BaseResolver):
    """The name servers of example.com, and everybody's resolver. Whatever Route 53 has is served at once."""

    def __init__(self, shops):
        self.shops = shops

    def resolve(self, request, _handler):
        reply = request.reply(aa=1)
        name = str(request.q.qname).rstrip(".").lower()
        addresses = list(self.addresses(name))
        if not addresses:
            reply.header.rcode = dnslib.RCODE.NXDOMAIN
        elif request.q.qtype == dnslib.QTYPE.A:
            for address, ttl in addresses:
                reply.add_answer(dnslib.RR(request.q.qname, dnslib.QTYPE.A, rdata=dnslib.A(address), ttl=ttl))
        return reply

    def addresses(self, name):
        if name in NAME_SERVERS:
            yield LOOPBACK, 1
        for shop in self.shops:
            if name == shop.hostname or name.endswith(f".{shop.hostname}"):
                yield from shop.addresses_of(name)


def make_certificates(folder):
    """An authority, `authority.pem`, and what it signed for every name of example.com, `application.pem`."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(folder / "authority.pem"))
    names = ["*.example.com", *(f"*.{name}.example.com" for name in NAMES)]
    authority.issue_cert(*names).private_key_and_cert_chain_pem.write_to_path(str(folder / "application.pem"))


if __name__ == "__main__":
    make_certificates(pathlib.Path(sys.argv[1]))
