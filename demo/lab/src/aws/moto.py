# moto's server with a memory. Listing a thousand instances costs it several seconds of CPU, every time; here an answer is given again
# for the same question until something is asked that may have changed it.
import io
import re
import threading

from moto import server
from moto.route53 import models as route53

# Plans name the lab's one zone: it has the same id at every filling, whatever else draws from moto's random numbers meanwhile.
route53.create_route53_zone_id = lambda *_, **__: "Z0LANDFALL0LAB"

# moto takes a record set for existing that was created once with the same values and deleted since: a ladder that comes back to where it
# was would be refused, which Route 53 does not. What stands is compared by the tests on a strict imitation.
route53.ChangeList.__contains__ = lambda *_: False



# moto deletes every record set that has the set identifier, whatever its name; to Route 53 name and type are part of what it is.
class Identifier(str):
    of = None


def change(self, zoneid, change_list, change_all=route53.Route53Backend.change_resource_record_sets):
    for record_set in (change["ResourceRecordSet"] for change in change_list):
        if "SetIdentifier" in record_set:
            identifier = record_set["SetIdentifier"] = Identifier(record_set["SetIdentifier"])
            identifier.of = (record_set["Name"].rstrip(".") + ".", record_set["Type"])
    change_all(self, zoneid, change_list)


def delete(self, identifier):
    there = lambda one: (one.name, one.type, one.set_identifier) == (*identifier.of, identifier)
    self.rrsets = [one for one in self.rrsets if not there(one)]


route53.Route53Backend.change_resource_record_sets = change
route53.FakeZone.delete_rrset_by_id = delete

READ = re.compile(rb"(?:^|&)Action=(?:Describe|Get|List)")
SCOPE = re.compile(r"Credential=([^,]*)")


class Remembering(server.DomainDispatcherApplication):
    answers = {}
    writes = 0
    turn = threading.Lock()

    def __call__(self, environ, start_response):
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        environ["wsgi.input"] = io.BytesIO(body)
        if environ["PATH_INFO"] != "/" or not READ.search(body):
            try:
                return list(super().__call__(environ, start_response))
            finally:
                Remembering.writes += 1
        scope = SCOPE.search(environ.get("HTTP_AUTHORIZATION", ""))
        question = (scope and scope[1], body)
        # One at a time: the same question asked twice is answered once.
        with self.turn:
            before = self.writes
            known = self.answers.get(question)
            if known is None or known[0] != before:
                head = []
                chunks = list(super().__call__(environ, lambda *given: head.append(given)))
                known = self.answers[question] = (before, head[0], chunks)
        start_response(*known[1])
        return known[2]


server.DomainDispatcherApplication = Remembering
server.main()
