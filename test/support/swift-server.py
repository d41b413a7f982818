"""OpenStack Swift with its S3 interface, whole in one process: its proxy, and a server each for accounts, containers and objects on one disk.

Arguments: an empty folder for everything, the port, the account's key id and its secret.
"""
import sys
from pathlib import Path

import eventlet

eventlet.patcher.monkey_patch(all=False, socket=True, select=True, thread=True)

from eventlet import wsgi
from swift.common import utils

folder, port, key_id, secret = Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3], sys.argv[4]
account, user = key_id.split(':')

# Read by Swift while it is loaded, instead of what is in /etc.
(folder / 'swift.conf').write_text('[swift-hash]\nswift_hash_path_suffix = parley\n[storage-policy:0]\nname = only\ndefault = yes\n')
utils.set_swift_dir(str(folder))

from swift.common.ring import RingBuilder
from swift.common.storage_policy import reload_storage_policies
from swift.common.wsgi import SwiftHttpProtocol, loadapp

reload_storage_policies()

common = f'''[DEFAULT]
swift_dir = {folder}
devices = {folder}/devices
mount_check = false
disable_fallocate = true
log_level = ERROR
'''
proxy = f'''{common}
[pipeline:main]
pipeline = catch_errors listing_formats s3api tempauth copy slo proxy-server
[app:proxy-server]
use = egg:swift#proxy
account_autocreate = true
[filter:catch_errors]
use = egg:swift#catch_errors
[filter:listing_formats]
use = egg:swift#listing_formats
[filter:s3api]
use = egg:swift#s3api
[filter:tempauth]
use = egg:swift#tempauth
user_{account}_{user} = {secret} .admin
[filter:copy]
use = egg:swift#copy
[filter:slo]
use = egg:swift#slo
'''


class NothingKept:
    """In the place of the memcached that Swift asks for."""

    def get(self, *_key, **_options):
        return None

    def set(self, *_entry, **_options):
        pass

    def delete(self, *_key, **_options):
        pass

    def incr(self, *_key, **_options):
        return 1


def serve(listener, name, configuration):
    file = folder / f'{name}.conf'
    file.write_text(configuration)
    app = loadapp(str(file))

    def call(environ, start_response):
        environ['swift.cache'] = NothingKept()
        return app(environ, start_response)

    options = {'protocol': SwiftHttpProtocol, 'capitalize_response_headers': False, 'socket_timeout': 60}
    return eventlet.spawn(wsgi.server, listener, call, utils.NullLogger(), **options)


(folder / 'devices' / 'disk').mkdir(parents=True)
for kind in ('account', 'container', 'object'):
    inner = eventlet.listen(('127.0.0.1', 0))
    ring = RingBuilder(part_power=4, replicas=1, min_part_hours=0)
    ring.add_dev({'region': 1, 'zone': 1, 'ip': '127.0.0.1', 'port': inner.getsockname()[1], 'device': 'disk', 'weight': 1})
    ring.rebalance()
    ring.get_ring().save(str(folder / f'{kind}.ring.gz'))
    serve(inner, kind, f'{common}\n[pipeline:main]\npipeline = server\n[app:server]\nuse = egg:swift#{kind}\n')
serve(eventlet.listen(('127.0.0.1', port)), 'proxy', proxy).wait()
