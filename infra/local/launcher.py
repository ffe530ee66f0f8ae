"""Runs MiniStack for as long as the local cloud lives, and not a moment longer.

The local cloud holds the other end of our standard input. When it closes, whether by a graceful stop or because the local
cloud was killed, MiniStack is stopped gracefully (its state is saved) and the function processes it started go with it.
"""

import copy
import os
import signal
import socketserver
import sys
import threading

GRACE_SECONDS = 20


def end_group(*_):
    """Ends every process of our group, us included."""
    os.killpg(os.getpgid(0), signal.SIGKILL)


def follow_parent():
    try:
        while os.read(0, 4096):
            pass
    except OSError:
        pass
    threading.Timer(GRACE_SECONDS, end_group).start()
    os.kill(os.getpid(), signal.SIGTERM)


# A terminal's Ctrl-C is for the local cloud, which then closes our input.
signal.signal(signal.SIGINT, signal.SIG_IGN)
threading.Thread(target=follow_parent, daemon=True).start()

# The runtime API answers at once instead of waiting for more to send, and a warm call does not wait 50 ms for log lines.
socketserver.StreamRequestHandler.disable_nagle_algorithm = True
socketserver.StreamRequestHandler.wbufsize = -1

import ministack.core.lambda_runtime as runtime  # noqa: E402

runtime.Worker._drain_stderr_bounded.__defaults__ = (0.002, 0.001, 0.250)

# An unchanged resource of a nested stack keeps its attributes when the stack is updated; as shipped they are lost, and the next
# resource that asks for one fails.
import ministack.services.cloudformation.provisioners as provisioners  # noqa: E402
from ministack.services.cloudformation import _stacks  # noqa: E402

update_resource = provisioners._update_resource


def update_keeping_attributes(kind, physical_id, old, new, stack, logical_id=None, old_attrs=None):
    if old_attrs is None:
        known = _stacks.get(stack, {}).get("_resources", {}).get(logical_id, {})
        old_attrs = known.get("Attributes")
    return update_resource(kind, physical_id, old, new, stack, logical_id, old_attrs)


provisioners._update_resource = update_keeping_attributes

# On AWS the permission for one message is the permission for a batch of them; there are no others.
import ministack.core.iam_actions as iam_actions  # noqa: E402

action_of = iam_actions.extract_iam_action


def action_without_batch(service, *rest):
    action = action_of(service, *rest)
    return action.removesuffix("Batch") if service == "sqs" and action else action


iam_actions.extract_iam_action = action_without_batch

# An API's CORS rules are stored as the template spells them, and read as the API call spells them.
api_handlers = provisioners._RESOURCE_HANDLERS["AWS::ApiGatewayV2::Api"]
create_api, update_api = api_handlers["create"], api_handlers["update"]


def with_cors(properties):
    rules = properties.get("CorsConfiguration")
    if not rules:
        return properties
    return {**properties, "CorsConfiguration": {name[0].lower() + name[1:]: value for name, value in rules.items()}}


api_handlers["create"] = lambda name, properties, *rest: create_api(name, with_cors(properties), *rest)
api_handlers["update"] = lambda name, old, new, *rest: update_api(name, with_cors(old), with_cors(new), *rest)

# The position of a stream's reader is saved, and as shipped the records it counts are not: after a restart nothing would ever be
# read again. So the records are saved too, the unread ones among them.
import ministack.services.dynamodb as dynamodb  # noqa: E402

save_tables, restore_tables = dynamodb.get_state, dynamodb.load_persisted_state


def save_tables_and_streams():
    state = save_tables()
    state["stream_records"] = copy.deepcopy(dynamodb._stream_records)
    state["stream_trimmed"] = copy.deepcopy(dynamodb._stream_trimmed)
    return state


def restore_tables_and_streams(state):
    restore_tables(state)
    if state:
        dynamodb._stream_records.update(state.get("stream_records", {}))
        dynamodb._stream_trimmed.update(state.get("stream_trimmed", {}))


dynamodb.get_state, dynamodb.load_persisted_state = save_tables_and_streams, restore_tables_and_streams

from ministack.app import main  # noqa: E402

try:
    sys.argv = ["ministack"]
    main()
finally:
    # The function processes do not end with MiniStack by themselves.
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    os.killpg(os.getpgid(0), signal.SIGTERM)
    try:
        while True:
            os.wait()
    except ChildProcessError:
        pass
