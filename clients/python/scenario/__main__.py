"""Runs against a service and a simulator that the environment names; ends with 0 when all is as the contract says."""

import os
import sys
from collections.abc import Callable
from typing import Any

import grpc

from .checks import ContractBroken
from .linking import instances_come_in_pages, linked_desk
from .patience import (
    a_deadline_that_is_too_short_tells_how_far_it_came,
    a_limit_says_when_to_call_again,
    a_long_failure_arrives_with_its_details,
    a_passing_failure_is_retried,
)
from .simulator import Simulator
from .transport import client_with, strangers_are_kept_out
from .updating import (
    a_number_without_a_name_is_told_apart,
    a_partial_failure_tells_every_outcome,
    a_word_without_a_number_arrives_as_it_is,
    settings_are_read,
    seven_settings_are_changed,
    several_instances_are_changed_at_once,
)
from .watching import a_change_of_the_phone_is_watched_until_cancelled, the_history_is_followed_without_a_gap


def main() -> None:
    token = os.environ["WA_PRIVACY_TOKEN"]
    simulator = Simulator(os.environ["WA_PRIVACY_SIMULATOR"])
    account = client_with(token)
    run(strangers_are_kept_out, account, token)
    desk = run(linked_desk, account, "python-1", simulator.add_phone("+15550100501"))
    other = run(linked_desk, account, "python-2", simulator.add_phone("+15550100502"))
    run(instances_come_in_pages, account, [desk.instance, other.instance])
    run(settings_are_read, desk)
    run(seven_settings_are_changed, desk)
    run(a_partial_failure_tells_every_outcome, desk)
    run(several_instances_are_changed_at_once, desk, other)
    run(a_number_without_a_name_is_told_apart, desk)
    run(a_word_without_a_number_arrives_as_it_is, desk)
    run(a_change_of_the_phone_is_watched_until_cancelled, desk)
    run(the_history_is_followed_without_a_gap, desk)
    run(a_passing_failure_is_retried, other)
    run(a_limit_says_when_to_call_again, other)
    run(a_deadline_that_is_too_short_tells_how_far_it_came, desk)
    run(a_long_failure_arrives_with_its_details, desk)


def run(step: Callable[..., Any], *given: object) -> Any:
    """Prints what has held, or ends the program with what has not."""
    name = step.__name__.replace("_", " ")
    try:
        result = step(*given)
    except (ContractBroken, grpc.RpcError) as error:
        sys.exit(f"broken: {name}: {error}")
    print(f"holds: {name}", flush=True)
    return result


if __name__ == "__main__":
    main()
