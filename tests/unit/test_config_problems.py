"""Each way in which a stacks.toml can be wrong: the line that is named, the code, and the words that help.

A case changes the sound file below; `#!` marks the line that must be named, `#?` the other line of a clash.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from rollout.errors import ConfigError, Problem, UsageError
from rollout.inventory.file import load

SOUND = """\
[project]
name = "shop"

[programs]
candidate = "programs.candidate:program"
routing = "programs.routing:program"

[stickiness]
duration = "1h"

[ramp]
steps = [10, 100]

[load-balancers.public]
name = "shop-public"

[load-balancers.internal]
name = "shop-internal"
listener-port = 80

[functions.api]
code = "api.zip"
runtime = "provided.al2023"
handler = "bootstrap"
target-groups = { public = "api-public", internal = "api-internal" }

[routes.cart]
load-balancer = "public"
path = "/cart/*"
methods = ["GET"]
priority = 10
legacy = "old-cart"
candidate = "api-public"

[routes.stock]
load-balancer = "internal"
path = "/stock"
priority = 10
legacy = "old-stock"
candidate = "api-internal"

[kept-routes.help]
load-balancer = "public"
path = "/help"
methods = ["GET"]
priority = 20
legacy = "old-help"

[environments.staging]
account = "111111111111"
region = "us-west-2"

[environments.production]
account = "222222222222"
region = "us-west-2"
weight = 5
route-weights = { cart = 2.5 }
"""

CART = 'path = "/cart/*"'
LEGACY = "[stickiness]"
HELP = 'path = "/help"'
OTHER_DEFAULTS = """[routes.rest]
load-balancer = "public"
priority = "default"
legacy = "old-rest"
candidate = "api-public"

[routes.more]
load-balancer = "public"
priority = "default" #!
legacy = "old-more"
candidate = "api-public"
"""
API = 'code = "api.zip"'
ARN = "arn:aws:elasticloadbalancing:us-west-2:111111111111:loadbalancer/app/shop/50dc6c495c0c9188"
ACCESS_POINT = "arn:aws:elasticfilesystem:us-west-2:111111111111:access-point/fsap-0a"
LAYERS = [f'"arn:aws:lambda:us-west-2:111111111111:layer:otel:{number}"' for number in range(6)]
PRODUCTION = "weight = 5\n"
IN_S3 = 'backend = "s3://state"\nsecrets-provider = "awskms://alias/rollout"\n'
REPOSITORY = "222222222222.dkr.ecr.us-west-2.amazonaws.com/rollout"
IMAGE = f"{REPOSITORY}@sha256:{'0' * 64}"

CART_RULE = f'{CART}\nmethods = ["GET"]'
CASES = {
    # conditions
    "a route that asks for nothing": ('path = "/stock"\n', "", "missing-key", 'path is missing (or match = "as-is"'),
    "no path in a list": (CART, "path = [] #!", "missing-key", "path is missing"),
    "a path twice": (CART, 'path = ["/cart", "/cart"] #!', "invalid-value", "/cart is listed twice"),
    "match beside path": (CART, f'{CART}\nmatch = "as-is" #!', "conflicting-keys", "match is not allowed with path"),
    "match in other words": (CART_RULE, 'match = "as is" #!', "invalid-value", 'write "as-is", or the conditions'),
    "no condition": (CART_RULE, "match = {} #!", "missing-key", "match has no condition"),
    "a condition that there isn't": (
        CART_RULE,
        'match = { hots = "a.test" } #!',
        "unknown-key",
        "did you mean 'host'?",
    ),
    "a header in the file": (
        CART_RULE,
        'match = { path = "/cart", header = { X-Key = "s3cr3t" } } #!',
        "invalid-value",
        'match = "as-is"',
    ),
    "a host without a dot": (
        CART_RULE,
        'match = { host = ["a.test", "localhost"] } #!',
        "invalid-value",
        "needs a dot",
    ),
    "a host that ends in a wildcard": (CART_RULE, 'match = { host = "shop.*" } #!', "invalid-value", "only letters"),
    "a host with a port": (CART_RULE, 'match = { host = "shop.test:80" } #!', "invalid-value", "letters, digits, dots"),
    "addresses without a mask": (
        CART_RULE,
        'match = { source-ip = "10.0.0.1" } #!',
        "invalid-value",
        "write 10.0.0.1/32",
    ),
    "addresses beyond their mask": (CART_RULE, 'match = { source-ip = "10.0.0.1/8" } #!', "invalid-value", "host bits"),
    "an expression that is none": (
        CART_RULE,
        'match = { path-regex = "(" } #!',
        "invalid-value",
        "is not a regular expression",
    ),
    "an expression that looks around": (
        CART_RULE,
        'match = { path-regex = "^/(?!a)" } #!',
        "invalid-value",
        "lookaround",
    ),
    "an empty condition": (CART_RULE, "match = { query = [] } #!", "empty-value", "query is empty"),
    "a list of tables, the second of which is wrong": (
        CART_RULE,
        'match = [\n  { query = "a=b" },\n  { query = "" }, #!\n]',
        "invalid-value",
        "key=value",
    ),
    "a kind twice": (
        CART_RULE,
        'match = [{ path = "/a" }, { path-regex = "^/b" }] #!',
        "too-many-values",
        "2 conditions on path-pattern",
    ),
    "six values": (
        CART_RULE,
        'match = { host = ["a.test", "b.test"], path = ["/a", "/b"], source-ip = ["10.0.0.0/8", "::/0"] } #!',
        "too-many-values",
        "6 condition values",
    ),
    "six wildcards": (CART_RULE, 'match = { path = "/*/*/*", query = "a*=*?" } #!', "too-many-values", "6 wildcards"),
    "the same requests in another form": (
        HELP,
        'match = { path = "/cart/*", methods = ["GET"] } #!',
        "duplicate-endpoint",
        "already in routes.cart",
    ),
    "a generic rule beside match": (
        HELP,
        'match = "as-is"\nvia = "/*" #!',
        "conflicting-keys",
        "via is not allowed with match",
    ),
    # default actions
    "a default action with a path": (
        'path = "/stock"\npriority = 10\n',
        'path = "/stock" #!\npriority = "default"\n',
        "conflicting-keys",
        'path is not allowed with priority = "default"',
    ),
    "a default action with conditions": (
        'path = "/stock"\npriority = 10\n',
        'match = "as-is" #!\npriority = "default"\n',
        "conflicting-keys",
        'match is not allowed with priority = "default"',
    ),
    "two default actions of one listener": (
        LEGACY,
        f"{OTHER_DEFAULTS}\n{LEGACY}",
        "duplicate-priority",
        "priority default on load balancer 'public' is already used by routes.rest",
    ),
    "a kept default action": (
        'methods = ["GET"]\npriority = 20',
        'methods = ["GET"]\npriority = "default" #!',
        "wrong-type",
        "a whole number from 1 to 50000",
    ),
    # keys
    "misspelled key": (
        "priority = 20",
        "prioritiy = 20 #!",
        "unknown-key",
        "unknown key 'prioritiy'; did you mean 'priority'?",
    ),
    "key with underscores": (
        "listener-port = 80",
        "listener_port = 80 #!",
        "unknown-key",
        "did you mean 'listener-port'?",
    ),
    "a setting of a function without a key": (
        API,
        f"{API}\nvpc-config = {{}} #!",
        "unknown-key",
        "candidate program",
    ),
    "rights for a role that is somebody else's": (
        API,
        f'{API}\nrole = "scorer"\npolicies = ["arn:aws:iam::aws:policy/A"] #!',
        "conflicting-keys",
        "policies is not allowed with role",
    ),
    "layers of an image": (
        'code = "api.zip"\nruntime = "provided.al2023"\nhandler = "bootstrap"\n',
        'package-type = "Image"\nimage-uri = "x"\nlayers = ["arn:aws:lambda:us-west-2:111111111111:layer:otel:1"] #!\n',
        "conflicting-keys",
        "layers is not allowed with package-type Image",
    ),
    "a file system outside of a VPC": (
        API,
        f'{API}\nfile-system = {{ arn = "{ACCESS_POINT}", path = "/mnt/x" }} #!',
        "missing-key",
        "file-system needs vpc",
    ),
    "what only versions have, without an alias": (
        API,
        f"{API}\nprovisioned-concurrency = 2 #!",
        "missing-key",
        "provisioned-concurrency needs alias",
    ),
    "an alias like a version": (API, f'{API}\nalias = "12" #!', "invalid-value", '"12" is not allowed'),
    "more kept ready than may run": (
        API,
        f'{API}\nalias = "live"\nreserved-concurrency = 1\nprovisioned-concurrency = 2 #!',
        "conflicting-keys",
        "above reserved-concurrency, 1",
    ),
    "a snapshot with much storage": (
        API,
        f'{API}\nalias = "live"\nsnap-start = true\nephemeral-storage = 1024 #!',
        "conflicting-keys",
        "ephemeral-storage above 512",
    ),
    "a snapshot that is kept ready": (
        API,
        f'{API}\nalias = "live"\nsnap-start = true\nprovisioned-concurrency = 2 #!',
        "conflicting-keys",
        "provisioned-concurrency is not allowed with snap-start",
    ),
    "six layers": (
        API,
        f"{API}\nlayers = [{', '.join(LAYERS)}] #!",
        "invalid-value",
        "at most 5 layer versions",
    ),
    "a security group for a subnet": (
        API,
        f'{API}\nvpc = {{ subnets = ["sg-1"], security-groups = ["sg-1"] }} #!',
        "invalid-value",
        '"sg-1" is not allowed',
    ),
    "a tag of rollout's own": (API, f'{API}\ntags = {{ "rollout:stack" = "x" }} #!', "invalid-value", "rollout:"),
    "allowed keys are told": ("duration = ", "x = 1 #!\nduration = ", "unknown-key", "allowed: enabled, duration"),
    "misspelled table": (
        "[kept-routes.help]",
        "[keptroutes.help] #!",
        "unknown-key",
        "unknown key 'keptroutes'; did you mean 'kept-routes'?",
    ),
    "key of an environment at the top": (
        "[project]",
        "weight = 1 #!\n[project]",
        "unknown-key",
        "unknown key 'weight'",
    ),
    "misspelled key of an environment": (PRODUCTION, "wieght = 5 #!\n", "unknown-key", "did you mean 'weight'?"),
    "key that an environment can't set": (PRODUCTION, 'name = "x" #!\n', "unknown-key", "unknown key 'name'"),
    "missing key": (
        '[routes.cart]\nload-balancer = "public"\n',
        "[routes.cart] #!\n",
        "missing-key",
        "load-balancer is missing",
    ),
    "missing account": (
        '[environments.staging]\naccount = "111111111111"',
        "[environments.staging] #!",
        "missing-key",
        "account is missing",
    ),
    "missing table": (
        "[environments.staging]",
        "[routes.more] #!\n[environments.staging]",
        "missing-key",
        "legacy is missing",
    ),
    "bad name": ("[routes.cart]", '[routes."the cart"] #!', "invalid-name", "'the cart' is not a valid name"),
    "bad environment name": (
        "[environments.staging]",
        '[environments."a:b"] #!',
        "invalid-name",
        "'a:b' is not a valid name",
    ),
    # kinds
    "account without quotes": (
        'account = "111111111111"',
        "account = 111111111111 #!",
        "wrong-type",
        'quote it: "111111111111"',
    ),
    "account too short": ('account = "111111111111"', 'account = "1111" #!', "invalid-value", "12 digits"),
    "region": ('"us-west-2"\nweight', '"west" #!\nweight', "invalid-value", "an AWS region, such as us-west-2"),
    "text for a number": ("priority = 20", 'priority = "20" #!', "wrong-type", '"20" is not a whole number'),
    "true for a number": ("priority = 20", "priority = true #!", "wrong-type", "true is not a whole number"),
    "text for a list": (
        'methods = ["GET"]\npriority = 20',
        'methods = "GET" #!\npriority = 20',
        "wrong-type",
        '"GET" is not a list in [ ]',
    ),
    "table for a text": ('legacy = "old-help"', "legacy = {} #!", "wrong-type", "a table is not text in quotes"),
    "text for a table": (
        "route-weights = { cart = 2.5 }",
        'route-weights = "cart" #!',
        "wrong-type",
        '"cart" is not a table',
    ),
    "date for a text": (
        'legacy = "old-help"',
        "legacy = 2025-01-01 #!",
        "wrong-type",
        "2025-01-01 is not text in quotes",
    ),
    # ranges
    "priority 0": ("priority = 20", "priority = 0 #!", "invalid-value", "a whole number from 1 to 50000"),
    "priority 50001": ("priority = 20", "priority = 50001 #!", "invalid-value", "50001 is not allowed"),
    "port": ("listener-port = 80", "listener-port = 65536 #!", "invalid-value", "a port from 1 to 65535"),
    "stickiness that is neither on nor off": (
        "duration = ",
        "enabled = 0 #!\nduration = ",
        "wrong-type",
        "true or false",
    ),
    "stickiness of 0": ('duration = "1h"', 'duration = "0s" #!', "invalid-value", "1s to 7d"),
    "stickiness over a week": ('duration = "1h"', 'duration = "7d1s" #!', "invalid-value", "7d1s is not allowed"),
    "stickiness without a unit": ('duration = "1h"', "duration = 3600 #!", "invalid-value", "3600 is not a duration"),
    "endless stickiness": ('duration = "1h"', f'duration = "{"9" * 30}d" #!', "invalid-value", "is not a duration"),
    "memory": (API, f"{API}\nmemory-size = 64 #!", "invalid-value", "128 to 10240"),
    "timeout": (API, f'{API}\ntimeout = "16m" #!', "invalid-value", "1s to 15m"),
    "log retention": (API, f"{API}\nlog-retention-days = 31 #!", "invalid-value", "one of 1, 3, 5, 7, 14, 30"),
    "log retention true": (
        API,
        f"{API}\nlog-retention-days = true #!",
        "invalid-value",
        "true is not a number of days",
    ),
    "architecture": (API, f'{API}\narchitecture = "arm" #!', "invalid-value", '"x86_64" or "arm64"'),
    "target group's name": ('legacy = "old-help"', 'legacy = "-old" #!', "invalid-value", "no hyphen first or last"),
    "target group's length": ('legacy = "old-help"', f'legacy = "{"x" * 33}" #!', "invalid-value", "1 to 32 letters"),
    "path": (HELP, 'path = "help" #!', "invalid-value", "starts with /"),
    "method in small letters": (
        'methods = ["GET"]\npriority = 20',
        'methods = [\n  "get", #!\n]\npriority = 20',
        "invalid-value",
        "in capitals",
    ),
    "method twice": (
        'methods = ["GET"]\npriority = 20',
        'methods = ["GET", "GET"] #!\npriority = 20',
        "invalid-value",
        "GET is listed twice",
    ),
    "entry point": ('"programs.routing:program"', '"programs/routing.py" #!', "invalid-value", '"module:function"'),
    "backend": (PRODUCTION, 'backend = "bucket" #!\n', "invalid-value", "s3://BUCKET"),
    # weights
    "weight 101": (PRODUCTION, "weight = 101 #!\n", "invalid-value", "101 is out of range for a weight"),
    "weight -1": (PRODUCTION, "weight = -1 #!\n", "invalid-value", "-1 is out of range for a weight"),
    "weight ten": (PRODUCTION, 'weight = "ten" #!\n', "invalid-value", "'ten' is not a weight"),
    "weight 33.33": (PRODUCTION, "weight = 33.33 #!\n", "invalid-value", "33.33 has too many decimals"),
    "weight true": (PRODUCTION, "weight = true #!\n", "invalid-value", "is not a weight"),
    "weight nan": (PRODUCTION, "weight = nan #!\n", "invalid-value", "is not a weight"),
    "weight of an unknown route": (
        "{ cart = 2.5 }",
        "{ carts = 2.5 } #!",
        "unknown-name",
        "unknown route 'carts'; did you mean 'cart'?",
    ),
    "weight of a route": ("{ cart = 2.5 }", "{ cart = 2.55 } #!", "invalid-value", "too many decimals"),
    "ramp falls": ("steps = [10, 100]", "steps = [50, 25] #!", "invalid-value", "25 can't follow 50"),
    "ramp from 0": ("steps = [10, 100]", "steps = [0, 25] #!", "invalid-value", "0 can't follow 0"),
    "ramp over 100": ("steps = [10, 100]", "steps = [\n  10,\n  101, #!\n]", "invalid-value", "101 is out of range"),
    "no ramp": ("steps = [10, 100]", "steps = [] #!", "empty-value", "steps is empty"),
    # load balancers
    "unknown load balancer": (
        'load-balancer = "internal"',
        'load-balancer = "interal" #!',
        "unknown-name",
        "unknown load balancer 'interal'; did you mean 'internal'?",
    ),
    "function on an unknown load balancer": (
        'public = "api-public",',
        'public = "api-public", x = "y",',
        "unknown-name",
        "unknown load balancer 'x'",
    ),
    "no name and no arn": ('public]\nname = "shop-public"', "public] #!", "conflicting-keys", "neither name nor arn"),
    "name and arn": (
        "[load-balancers.internal]\n",
        f'[load-balancers.internal] #!\narn = "{ARN}"\n',
        "conflicting-keys",
        "both name and arn",
    ),
    "not an arn": ('name = "shop-public"', 'arn = "shop" #!', "invalid-value", "an Application Load Balancer's ARN"),
    # functions
    "zip without code": (f"[functions.api]\n{API}", "[functions.api] #!", "missing-key", "code is missing"),
    "zip with an image": (
        API,
        f'{API}\nimage-uri = "x" #!',
        "conflicting-keys",
        "image-uri is not allowed with package-type Zip",
    ),
    "image with code": (
        f'{API}\nruntime = "provided.al2023"\nhandler = "bootstrap"',
        f'package-type = "Image"\nimage-uri = "x"\n{API} #!',
        "conflicting-keys",
        "code is not allowed with package-type Image",
    ),
    "image without uri": (
        f'[functions.api]\n{API}\nruntime = "provided.al2023"\nhandler = "bootstrap"',
        '[functions.api] #!\npackage-type = "Image"',
        "missing-key",
        "image-uri is missing",
    ),
    "no target groups": (
        '{ public = "api-public", internal = "api-internal" }',
        "{} #!",
        "empty-value",
        "target-groups is empty",
    ),
    "target group of no name": (
        '{ public = "api-public", internal = "api-internal" }',
        "{ public = 5 } #!",
        "wrong-type",
        "5 is not text in quotes",
    ),
    "target groups of no name": (
        '{ public = "api-public", internal = "api-internal" }',
        '{ public = ["a", "b_"] } #!',
        "invalid-value",
        '"b_" is not allowed',
    ),
    "empty list of target groups": (
        '{ public = "api-public", internal = "api-internal" }',
        "{ public = [] } #!",
        "empty-value",
        "public is empty",
    ),
    "target group twice": (
        '{ public = "api-public", internal = "api-internal" }',
        '{ public = ["a", "b", "a"] } #!',
        "invalid-value",
        "a is listed twice",
    ),
    # the legacy rules' owner
    "owner of no kind": (LEGACY, '[legacy]\nowner = "cloudformation" #!\n[stickiness]', "invalid-value", "terraform"),
    "owner rollout without a program": (
        LEGACY,
        '[legacy]\nowner = "rollout" #!\n[stickiness]',
        "missing-key",
        "needs an entry point in programs.legacy",
    ),
    "pulumi without a stack": (
        LEGACY,
        '[legacy] #!\nowner = "pulumi"\n[stickiness]',
        "missing-key",
        "stack is missing",
    ),
    "a stack's short name": (
        LEGACY,
        '[legacy]\nowner = "pulumi"\nstack = "dev" #!\n[stickiness]',
        "invalid-value",
        "ORGANIZATION/PROJECT",
    ),
    "pulumi with a directory": (
        LEGACY,
        '[legacy]\nowner = "pulumi"\nstack = "a/b/c"\ndirectory = "infra" #!\n[stickiness]',
        "conflicting-keys",
        "directory is not allowed with owner pulumi",
    ),
    "a stack of nobody's": (
        LEGACY,
        '[legacy]\nstack = "a/b/c" #!\n[stickiness]',
        "conflicting-keys",
        "stack is not allowed with owner none",
    ),
    "terraform nowhere": (
        LEGACY,
        '[legacy] #!\nowner = "terraform"\n[stickiness]',
        "conflicting-keys",
        "neither directory nor state is given",
    ),
    "terraform in two places": (
        LEGACY,
        '[legacy] #!\nowner = "terraform"\ndirectory = "a"\nstate = "b"\n[stickiness]',
        "conflicting-keys",
        "both directory and state are given",
    ),
    "a workspace of a state file": (
        LEGACY,
        '[legacy]\nowner = "terraform"\nstate = "b"\nworkspace = "w" #!\n[stickiness]',
        "conflicting-keys",
        "workspace is not allowed with state",
    ),
    "misspelled key of legacy": (
        LEGACY,
        '[legacy]\nowner = "terraform"\ndirectory = "a"\nworkspaces = "w" #!\n[stickiness]',
        "unknown-key",
        "did you mean 'workspace'",
    ),
    # clashes
    "priority of a kept route": ("priority = 20", "priority = 10 #!", "duplicate-priority", "used by routes.cart"),
    "same endpoint": (HELP, f"{CART} #!", "duplicate-endpoint", "GET /cart/* is already in routes.cart"),
    "legacy is candidate": (
        'legacy = "old-cart"',
        'legacy = "api-public" #?',
        "same-target-group",
        "are the same target group",
    ),
    "group on two load balancers": (
        'legacy = "old-stock"',
        'legacy = "old-cart" #!',
        "target-group-taken",
        "is already on load balancer",
    ),
    "candidate of no function": (
        'candidate = "api-internal"',
        'candidate = "api-public" #!',
        "candidate-not-made",
        "no function has the target group 'api-public' on 'internal'",
    ),
    "candidate of others that a function makes": (
        'candidate = "api-internal"\n',
        """candidate = { target-group = "new" } #?
[functions.b]
package-type = "Image"
image-uri = "x"
target-groups.internal = "new" #!
""",
        "duplicate-target-group",
        "already in routes.stock.candidate",
    ),
    "candidate of others on another load balancer": (
        'candidate = "api-internal"',
        'candidate = { target-group = "old-cart" } #!',
        "target-group-taken",
        "is already on load balancer",
    ),
    "candidate of others by a wrong key": (
        'candidate = "api-internal"',
        'candidate = { target-group = "theirs", target-kind = "ip" } #!',
        "unknown-key",
        "unknown key 'target-kind'",
    ),
    "group of two functions": (
        "[routes.cart]",
        '[functions.b]\npackage-type = "Image"\nimage-uri = "x"\ntarget-groups.public = "api-public" #!\n[routes.cart]',
        "duplicate-target-group",
        "is already created by functions.api.target-groups.public",
    ),
    "group named for two listeners": (
        '"api-internal" }',
        '"api-internal", plain = "api-public" } #!\n[load-balancers.plain]\nname = "shop-public"\nlistener-port = 80',
        "duplicate-target-group",
        "name it once: it serves every listener of shop-public",
    ),
    "group that is legacy's": (
        '"api-internal" }',
        '["api-internal", "old-stock"] } #!',
        "duplicate-target-group",
        "is already in routes.stock.legacy",
    ),
    "function of another's name": (
        "[routes.cart]",
        (
            '[functions.b]\nname = "api" #!\npackage-type = "Image"\nimage-uri = "x"\ntarget-groups.public = "b"\n'
            "[routes.cart]"
        ),
        "duplicate-function",
        "function name 'api' is already used by functions.api",
    ),
    "function of another's name in another case": (
        "[routes.cart]",
        '[functions.API] #!\npackage-type = "Image"\nimage-uri = "x"\ntarget-groups.public = "b"\n[routes.cart]',
        "duplicate-function",
        "IAM ignores",
    ),
    "group of a list on two load balancers": (
        '"api-internal" }',
        '["api-internal", "api-public"] } #!',
        "target-group-taken",
        "target group 'api-public' is already on load balancer 'public'",
    ),
    "same listener": (
        '"shop-internal"\nlistener-port = 80',
        '"shop-public"',
        "duplicate-listener",
        "is the same listener as load-balancers.public",
    ),
    "generic rule elsewhere": (
        HELP,
        f'{HELP}\nvia = "/h/*" #!',
        "via-too-narrow",
        "a rule for /h/* doesn't match all of /help",
    ),
    "shared rule, other group": (
        'legacy = "old-help"\n',
        """\
via = "/h*"
legacy = "old-help" #?
[kept-routes.hints]
load-balancer = "public"
path = "/hints"
priority = 20
via = "/h*"
legacy = "old-hints" #!
""",
        "shared-rule-differs",
        "shares its rule with kept-routes.help",
    ),
    "wildcards": (HELP, 'path = "/*/*/*/*/*/?" #!', "too-many-values", "6 wildcards; a rule has at most 5"),
    "condition values": (
        'methods = ["GET"]\npriority = 20',
        'methods = ["GET", "HEAD", "PUT", "POST", "PATCH"] #!\npriority = 20',
        "too-many-values",
        "6 condition values",
    ),
    # an environment's own tables
    "dotted override": (
        PRODUCTION,
        f'{PRODUCTION}stickiness.duration = "8d" #!\n',
        "invalid-value",
        "8d is not allowed",
    ),
    "inline override": (
        PRODUCTION,
        f"{PRODUCTION}ramp = {{ steps = [2, 1] }} #!\n",
        "invalid-value",
        "1 can't follow 2",
    ),
    "quoted override": (
        PRODUCTION,
        f'{PRODUCTION}"kept-routes".\'help\'."pri\\u006frity" = 10 #!\n',
        "duplicate-priority",
        "used by routes.cart",
    ),
    # the guard
    "an impatient heartbeat": (
        LEGACY,
        f'[guard]\nheartbeat = "90s" #!\n{LEGACY}',
        "invalid-value",
        "1m30s is not allowed",
    ),
    "a heartbeat between minutes": (LEGACY, f'[guard]\nheartbeat = "9m30s" #!\n{LEGACY}', "invalid-value", "minutes"),
    "an alarm twice": (LEGACY, f'[guard]\nalarms = ["a", "a"] #!\n{LEGACY}', "invalid-value", "a is listed twice"),
    "legacy's alarm": (
        "[ramp]",
        '[guard]\nalarms = ["old"] #!\n[ramp]\nlegacy-alarms = ["old"] #?',
        "conflicting-keys",
        "take no traffic back",
    ),
    "rollout's own alarm": (
        PRODUCTION,
        f'{PRODUCTION}guard.alarms = ["rollout-shop-production-api-throttles"] #!\n',
        "conflicting-keys",
        "has anyway",
    ),
    # the controller
    "an image by its tag": (
        PRODUCTION,
        f'{PRODUCTION}{IN_S3}controller.image = "{REPOSITORY}:1.2" #!\n',
        "invalid-value",
        "pinned by its digest",
    ),
    "an image by its tag and its digest, which Lambda doesn't take": (
        PRODUCTION,
        f'{PRODUCTION}{IN_S3}controller.image = "{IMAGE.replace("@", ":1.2@")}" #!\n',
        "invalid-value",
        "pinned by its digest",
    ),
    "a hurried controller": (
        PRODUCTION,
        f'{PRODUCTION}{IN_S3}controller = {{ image = "{IMAGE}", pace = "30s" }} #!\n',
        "invalid-value",
        "30s is not allowed",
    ),
    "a slow controller": (
        PRODUCTION,
        f'{PRODUCTION}{IN_S3}controller = {{ image = "{IMAGE}", pace = "61m" }} #!\n',
        "invalid-value",
        "1h1m is not allowed",
    ),
    "a pace between minutes": (
        PRODUCTION,
        f'{PRODUCTION}{IN_S3}controller = {{ image = "{IMAGE}", pace = "90s" }} #!\n',
        "invalid-value",
        "whole minutes",
    ),
    "a file from above": (
        PRODUCTION,
        f'{PRODUCTION}{IN_S3}controller = {{ image = "{IMAGE}", files = ["keys/../../x"] }} #!\n',
        "invalid-value",
        "is not below",
    ),
    "a controller with state in a folder": (
        PRODUCTION,
        f'{PRODUCTION}controller = {{ image = "{IMAGE}" }} #!\n',
        "backend-not-s3",
        "state in S3",
    ),
    "a controller with a passphrase": (
        PRODUCTION,
        f'{PRODUCTION}backend = "s3://state"\ncontroller = {{ image = "{IMAGE}" }} #!\n',
        "secrets-not-kms",
        "KMS key",
    ),
    "a controller's image of another region": (
        PRODUCTION,
        f'{PRODUCTION}{IN_S3}controller = {{ image = "{IMAGE.replace("us-west-2", "eu-west-1")}" }} #!\n',
        "image-elsewhere",
        "of its own region",
    ),
    "a notification that a controller can't send": (
        PRODUCTION,
        f'{PRODUCTION}{IN_S3}controller = {{ image = "{IMAGE}" }} #!\nnotifications.x = {{ apprise = "$X" }}\n',
        "notifier-elsewhere",
        "can't send notification x",
    ),
    # fleets
    "fleet of an unknown environment": (
        LEGACY,
        f'[fleets.all]\nwaves = [["stagin"]] #!\n{LEGACY}',
        "unknown-environment",
        "mean 'staging'?",
    ),
    "environment twice in a fleet": (
        LEGACY,
        f'[fleets.all]\nwaves = [["staging"], ["staging"]] #!\n{LEGACY}',
        "invalid-value",
        "staging is listed twice",
    ),
    "empty wave": (LEGACY, f"[fleets.all]\nwaves = [[]] #!\n{LEGACY}", "invalid-value", "a wave is empty"),
    "fleet without waves": (LEGACY, f"[fleets.all] #!\n{LEGACY}", "missing-key", "waves is missing"),
    "misspelled key of a fleet": (
        LEGACY,
        f'[fleets.all]\nwaves = [["staging"]]\nwave = 1 #!\n{LEGACY}',
        "unknown-key",
        "did you mean 'waves'?",
    ),
}


def problems_of(folder: Path, text: str) -> list[Problem]:
    path = folder / "stacks.toml"
    path.write_bytes(text.encode())
    with pytest.raises(ConfigError) as caught:
        load(path).check()
    assert caught.value.where == str(path)
    return list(caught.value.problems)


def line_of(mark: str, text: str) -> int | None:
    return text.count("\n", 0, text.index(mark)) + 1 if mark in text else None


def changed(old: str, new: str) -> str:
    assert SOUND.count(old) >= 1, old
    return SOUND.replace(old, new, 1)


@pytest.mark.parametrize("newline", ["\n", "\r\n"], ids=["lf", "crlf"])
@pytest.mark.parametrize(("old", "new", "code", "words"), CASES.values(), ids=CASES)
def test_each_problem_names_its_line_and_what_is_allowed(  # noqa: PLR0917 - a case's parts
    tmp_path: Path, old: str, new: str, code: str, words: str, newline: str
) -> None:
    text = changed(old, new)
    problems = problems_of(tmp_path, text.replace("\n", newline))
    (told,) = (problem for problem in problems if words in str(problem))
    assert told.code == code
    if line := line_of("#!", text):
        assert str(told.where).startswith(f"stacks.toml:{line}: ")
    if line := line_of("#?", text):
        assert f"line {line}" in told.what
    assert not re.search(r"Value error|pydantic|Input should|<class", "\n".join(map(str, problems)))


def test_the_sound_file_is_sound(tmp_path: Path) -> None:
    path = tmp_path / "stacks.toml"
    path.write_text(SOUND)
    assert load(path).environments == ("staging", "production")


def test_all_problems_are_told_at_once_in_the_order_of_their_lines_and_each_once(tmp_path: Path) -> None:
    text = changed('duration = "1h"', 'duration = "8d"')
    text = text.replace("priority = 20", "priority = 10").replace('legacy = "old-stock"', "legaci = 3")
    problems = problems_of(tmp_path, text)
    assert [(str(each.where).split(": ")[1], each.code) for each in problems] == [
        ("stickiness.duration", "invalid-value"),
        ("routes.stock.legacy", "missing-key"),
        ("routes.stock.legaci", "unknown-key"),
        ("kept-routes.help.priority", "duplicate-priority"),
    ]


@pytest.mark.parametrize(
    ("old", "new"), [('"shop-internal"', '"-"'), (API, f"{API}\ntimeout = 1"), (CART, 'path = "?"')]
)
def test_what_points_at_a_broken_table_is_not_called_wrong_too(tmp_path: Path, old: str, new: str) -> None:
    assert len(problems_of(tmp_path, changed(old, new))) == 1


def test_an_override_is_wrong_in_its_environment_alone(tmp_path: Path) -> None:
    text = SOUND + "[environments.production.routes.cart]\npriority = 0\n"
    (problem,) = problems_of(tmp_path, text)
    line = text.count("\n")
    assert (problem.where, problem.code) == (
        f"stacks.toml:{line}: environments.production.routes.cart.priority",
        "invalid-value",
    )


def test_priorities_of_two_routes_clash_with_both_lines(tmp_path: Path) -> None:
    text = changed('load-balancer = "internal"', 'load-balancer = "public"')
    text = text.replace('candidate = "api-internal"', 'candidate = "api-public"')
    (problem,) = problems_of(tmp_path, text)
    assert (problem.where, problem.code) == ("stacks.toml:38: routes.stock.priority", "duplicate-priority")
    assert problem.what.endswith("used by routes.cart, line 31")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "environments is missing"),
        ('[project]\nname = "x"\n[environments]\n', "stacks.toml:3: environments: environments is empty"),
        ("routes = 3\n", "stacks.toml:1: routes: 3 is not a table"),
        ("routes = {}\n", "stacks.toml:1: routes: routes is empty (allowed: at least one [routes.NAME] table)"),
        ("environments = 3\n", "3 is not a table"),
        ("environments.x = 3\n", "stacks.toml:1: environments.x: 3 is not a table"),
        ("[project]\n", "stacks.toml:1: project.name: name is missing"),
        ("[[routes]]\n", "a list is not a table"),
        ("[routes]\ncart = 3\n", "stacks.toml:2: routes.cart: 3 is not a table"),
    ],
)
def test_outer_shape(tmp_path: Path, text: str, words: str) -> None:
    assert any(words in str(problem) for problem in problems_of(tmp_path, text))


@pytest.mark.parametrize(
    ("content", "code", "words"),
    [
        (b"[project]\nname = \n", "invalid-toml", "stacks.toml:2: "),
        (b"[project]\nname = 'x", "invalid-toml", "stacks.toml:2: "),
        (b"a = 1\na = 2\n", "invalid-toml", "stacks.toml:2: "),
        (b"a = " + b"9" * 5000, "invalid-toml", ""),
        (b"a = " + b"[" * 20_000, "invalid-toml", ""),
        (b"\n\xff = 1", "not-utf8", "byte 0xff in line 2"),
    ],
)
def test_what_is_not_toml_is_one_error(tmp_path: Path, content: bytes, code: str, words: str) -> None:
    path = tmp_path / "stacks.toml"
    path.write_bytes(content)
    with pytest.raises(ConfigError) as caught:
        load(path)
    assert words in str(caught.value)
    assert ([each.code for each in caught.value.problems] or [caught.value.code]) == [code]


def test_missing_file_and_folder(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        load(tmp_path / "stacks.toml")
    assert caught.value.code == "file-missing"
    with pytest.raises(ConfigError) as caught:
        load(tmp_path)
    assert caught.value.code == "file-unreadable"


def test_unknown_environment_names_the_known_ones(tmp_path: Path) -> None:
    path = tmp_path / "stacks.toml"
    path.write_text(SOUND)
    with pytest.raises(UsageError) as caught:
        load(path).environment("prodution")
    assert caught.value.code == "unknown-environment"
    assert "did you mean 'production'?" in str(caught.value)
    assert "staging, production" in str(caught.value)


def test_the_waves_of_a_fleet_keep_their_order(tmp_path: Path) -> None:
    path = tmp_path / "stacks.toml"
    path.write_text(f'{SOUND}\n[fleets.all]\nwaves = [["staging"], ["production"]]\n')
    assert load(path).fleet("all").waves == (("staging",), ("production",))
    with pytest.raises(UsageError, match="did you mean 'all'") as caught:
        load(path).fleet("al")
    assert caught.value.code == "unknown-fleet"
