from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields

import pytest

from regenesis.config import TrainingConfig, config_from_mapping
from regenesis.errors import ConfigError, TrainingError
from regenesis.training import TrainingJob, train
from regenesis.training.trl_arguments import REFUSED, WITHOUT_EFFECT, fault_in

Make = Callable[..., TrainingJob]


@pytest.mark.model
def test_every_name_that_is_spoken_of_is_one_of_trls() -> None:
    from trl import SFTConfig

    known = {field.name for field in fields(SFTConfig)}
    assert set(REFUSED) - known == set()
    assert set(WITHOUT_EFFECT) - known == set()


def test_what_has_a_field_of_its_own_is_sent_there() -> None:
    own = {name: reason for name, reason in REFUSED.items() if reason == f"set `training.{name}`"}
    assert "num_train_epochs" in own
    assert own.keys() <= TrainingConfig.model_fields.keys()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"num_train_epochs": 3}, "num_train_epochs: set `training.num_train_epochs`"),
        ({"gradient_accumulation_steps": 4}, "it follows from `training.batch_size`"),
        ({"warmup_steps": 10}, "set `training.warmup_ratio`"),
        ({"bf16": True}, "set `training.precision`"),
        ({"eval_strategy": "steps"}, "no data is held out of training; `regenesis evaluate`"),
        ({"fsdp": "full_shard"}, "set `training.launcher`"),
        ({"push_to_hub": True, "seed": 3}, "`regenesis push` uploads the finished model; seed: set `seed`"),
        ({"hub_token": "hf_abcdefghijklmnopqrstuvwxyz"}, "hub_token: `regenesis push`"),
        ({"project": "hf_abcdefghijklmnopqrstuvwxyzabcdefg"}, "holds a key, which would end up in files"),
    ],
)
def test_what_trl_may_not_be_given_is_refused_with_the_reason(arguments: dict[str, object], said: str) -> None:
    with pytest.raises(ConfigError) as raised:
        config_from_mapping({"tasks": ["gsm8k"], "training": {"trl": arguments}})
    assert said in str(raised.value)
    assert "hf_abc" not in str(raised.value)


@pytest.mark.parametrize(
    ("training", "said"),
    [
        ({"gradient_accumulation_steps": 4}, "it follows from `training.batch_size`"),
        ({"bf16": True}, "set `training.precision`"),
        ({"optim": "adafactor"}, "other arguments of TRL's SFTConfig are set under `training.trl`"),
        ({"num_train_epoch": 2}, "did you mean `num_train_epochs`?"),
    ],
)
def test_an_argument_of_trls_in_the_wrong_place_is_told_the_right_one(training: dict[str, object], said: str) -> None:
    with pytest.raises(ConfigError) as raised:
        config_from_mapping({"tasks": ["gsm8k"], "training": training})
    assert said in str(raised.value)


@pytest.mark.model
@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({}, None),
        ({"optim": "adafactor", "neftune_noise_alpha": 5, "adam_beta2": 0.95}, None),
        ({"optym": "adafactor"}, "has no argument optym"),
        ({"optim": "adamx"}, "TRL refuses it (adamx is not a valid OptimizerNames"),
    ],
    ids=str,
)
def test_what_trl_has_against_an_argument_is_said_before_the_training(
    arguments: dict[str, object], said: str | None
) -> None:
    found = fault_in(arguments)
    assert found is None if said is None else said in (found or "")


@pytest.mark.model
def test_an_argument_reaches_trl(make_job: Make) -> None:
    plain = train(make_job(max_steps=2))
    noisy = train(make_job(max_steps=2, trl={"neftune_noise_alpha": 50}))
    assert not noisy.already_done
    assert noisy.changes == ['training.trl: null → {"neftune_noise_alpha": 50}']
    assert noisy.first_loss != plain.first_loss


@pytest.mark.model
def test_an_argument_that_trl_refuses_stops_the_training_with_its_words(make_job: Make) -> None:
    with pytest.raises(TrainingError, match=r"training\.trl: TRL refuses it .*optym"):
        train(make_job(trl={"optym": "adafactor"}))
