"""The questions are what the README says, split as it says, and the tool can tell good from bad."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from fixtures.routing import bootstrap, folds
from fixtures.routing.agreement import DecisionsError, Prices, agreement, baselines, report
from fixtures.routing.questions import (
    FOLDER,
    Language,
    Place,
    Question,
    QuestionsError,
    load,
    load_unseen,
)

QUESTIONS = load()
RIGHT = {question.id: question.expected for question in QUESTIONS}
OTHER = {Place.LOCAL: Place.CLOUD, Place.CLOUD: Place.LOCAL}


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "fixtures.routing", *arguments]
    return subprocess.run(command, capture_output=True, text=True, cwd=FOLDER.parents[1])


class TestQuestions:
    def test_there_are_enough_in_both_languages_and_classes(self) -> None:
        assert len(QUESTIONS) >= 400
        sizes = Counter((one.language, one.expected) for one in QUESTIONS)
        assert len(sizes) == len(Language) * len(Place)
        assert max(sizes.values()) - min(sizes.values()) <= 20
        assert min(Counter(one.category for one in QUESTIONS).values()) >= 20

    def test_ids_are_unique_and_say_what_they_are(self) -> None:
        assert len(RIGHT) == len(QUESTIONS)
        assert all(one.id.startswith(f"{one.language[:2]}-{one.category}-") for one in QUESTIONS)

    def test_unseen_ones_are_of_the_same_kinds_and_none_is_known(self) -> None:
        unseen = load_unseen()
        sizes = Counter((one.language, one.category) for one in unseen)
        assert set(sizes.values()) == {4}
        assert len(sizes) == len(Language) * 18
        assert not {one.text.lower() for one in unseen} & {one.text.lower() for one in QUESTIONS}

    @pytest.mark.parametrize("place", Place)
    def test_every_class_has_short_and_long_ones(self, place: Place) -> None:
        lengths = [len(one.text) for one in QUESTIONS if one.expected is place]
        assert min(lengths) < 45
        assert max(lengths) > 180

    @pytest.mark.parametrize(
        ("file", "change", "message"),
        [
            ("english", lambda all_: all_["nuance"].append(all_["extract"][0].upper()), "again"),
            ("italian", lambda all_: all_.pop("nuance"), "but for nuance"),
            ("italian", lambda all_: all_["nuance"].append(7), "nuance is a list of texts"),
            ("rubric", lambda all_: all_["nuance"].update(expected="moon"), "one of local, cloud"),
            ("rubric", lambda all_: all_["nuance"].pop("about"), "nothing else"),
        ],
    )
    def test_broken_files_are_refused(
        self, tmp_path: Path, file: str, change: Callable[[Any], object], message: str
    ) -> None:
        for source in FOLDER.glob("*.yaml"):
            (tmp_path / source.name).write_text(source.read_text())
        place = tmp_path / f"{file}.yaml"
        content = yaml.safe_load(place.read_text())
        change(content)
        place.write_text(yaml.safe_dump(content))
        with pytest.raises(QuestionsError, match=message):
            load(tmp_path)


class TestFolds:
    @given(st.integers(2, 9))
    @settings(deadline=None, max_examples=8)
    def test_stratified_ones_are_alike(self, count: int) -> None:
        placed = folds.stratified(QUESTIONS, count)
        sizes = Counter(placed.values())
        assert set(sizes) == set(range(count))
        assert max(sizes.values()) - min(sizes.values()) <= 1
        for place in Place:
            parts = Counter(placed[one.id] for one in QUESTIONS if one.expected is place)
            assert max(parts.values()) - min(parts.values()) <= len(QUESTIONS) // 18

    def test_order_of_the_questions_does_not_matter(self) -> None:
        assert folds.stratified(QUESTIONS[::-1]) == folds.stratified(QUESTIONS)
        # Pinned: a comparison of two routers is only one if both were split alike.
        found = [folds.stratified(QUESTIONS)[one.id] for one in QUESTIONS[:8]]
        assert found == [2, 0, 3, 2, 0, 3, 4, 4]

    def test_categories_are_held_out_whole(self) -> None:
        placed = folds.by_category(QUESTIONS)
        for fold in range(folds.FOLDS):
            held = {one.category for one in QUESTIONS if placed[one.id] == fold}
            seen = {one.category for one in QUESTIONS if placed[one.id] != fold}
            assert not held & seen
            assert {one.expected for one in QUESTIONS if placed[one.id] == fold} == set(Place)

    @pytest.mark.parametrize("count", [0, 1, 10_000])
    def test_impossible_numbers_are_refused(self, count: int) -> None:
        for split in (folds.stratified, folds.by_category):
            with pytest.raises(ValueError, match="folds are from"):
                split(QUESTIONS, count)


class TestAgreement:
    def test_right_wrong_and_chance(self) -> None:
        whole = agreement(QUESTIONS, RIGHT)
        assert (whole.accuracy, whole.kappa, whole.needlessly_cloud) == (1, 1, 0)
        wrong = agreement(QUESTIONS, {name: OTHER[place] for name, place in RIGHT.items()})
        assert (wrong.accuracy, wrong.wrongly_local) == (0, 1)
        assert wrong.kappa < 0
        always = agreement(QUESTIONS, dict.fromkeys(RIGHT, Place.CLOUD))
        assert (always.kappa, always.needlessly_cloud, always.wrongly_local) == (0, 1, 0)

    def test_against_a_table_reckoned_by_hand(self) -> None:
        def question(number: int, place: Place) -> Question:
            return Question(
                id=str(number), language=Language.ENGLISH, category="c", expected=place, text="t"
            )

        # 45 and 25 agreed, 15 + 15 did not: chance is 0.6 * 0.6 + 0.4 * 0.4 = 0.52.
        labels = [Place.LOCAL] * 60 + [Place.CLOUD] * 40
        given_ = [Place.LOCAL] * 45 + [Place.CLOUD] * 15 + [Place.CLOUD] * 25 + [Place.LOCAL] * 15
        questions = [question(number, place) for number, place in enumerate(labels)]
        found = agreement(questions, {str(n): place for n, place in enumerate(given_)})
        assert found.accuracy == pytest.approx(0.70)
        assert found.kappa == pytest.approx((0.70 - 0.52) / (1 - 0.52))
        assert (found.needlessly_cloud, found.wrongly_local) == (15 / 60, 15 / 40)

    @pytest.mark.parametrize("split", [folds.stratified, folds.by_category])
    def test_length_alone_does_not_decide(self, split: Any) -> None:
        """The set would be worth nothing if it did; nor may it be worse than chance."""
        made = baselines(QUESTIONS, split(QUESTIONS))
        assert agreement(QUESTIONS, made["length_only"]).accuracy < 0.70
        for name in ("always_local", "always_cloud"):
            assert agreement(QUESTIONS, made[name]).accuracy == pytest.approx(0.5, abs=0.05)

    def test_cost_saved_is_of_what_the_cloud_would_take(self) -> None:
        half = {one.id: one.expected for one in QUESTIONS}
        kept = sum(place is Place.LOCAL for place in half.values()) / len(half)
        assert agreement(QUESTIONS, half).cost_saved == pytest.approx(kept)
        found = agreement(QUESTIONS, half, Prices(local=1, cloud=4))
        assert found.cost_saved == pytest.approx(kept * 0.75)
        always = dict.fromkeys(RIGHT, Place.CLOUD)
        assert agreement(QUESTIONS, always, Prices(local=1, cloud=4)).cost_saved == 0

    @pytest.mark.parametrize("pair", [(-1, 1), (2, 1), (0, 0)])
    def test_prices_that_cannot_be_are_refused(self, pair: tuple[float, float]) -> None:
        with pytest.raises(ValueError, match="prices are"):
            Prices(*pair)

    def test_intervals_are_seeded_and_hold_what_was_measured(self) -> None:
        sample = [1.0] * 70 + [0.0] * 30

        def measure(drawn: Any) -> dict[str, float]:
            return {"mean": sum(drawn) / len(drawn)}

        found = bootstrap.intervals(sample, measure)
        assert found == bootstrap.intervals(sample, measure)
        low, high = found["mean"]
        # Of a binomial with 100 and 0.7: 0.7 plus and minus 1.96 times 0.0458.
        assert low == pytest.approx(0.61, abs=0.02)
        assert high == pytest.approx(0.79, abs=0.02)

    def test_missing_and_unknown_decisions_are_refused(self) -> None:
        for wrong in ({**RIGHT, "nobody": Place.LOCAL}, dict(list(RIGHT.items())[1:])):
            with pytest.raises(DecisionsError):
                report(QUESTIONS, wrong, baselines(QUESTIONS, folds.stratified(QUESTIONS)))


class TestCommand:
    def test_export_then_agree(self, tmp_path: Path) -> None:
        lines = [json.loads(line) for line in run("export").stdout.splitlines()]
        assert {line["fold"] for line in lines} == set(range(folds.FOLDS))
        made = tmp_path / "decisions.jsonl"
        text = [json.dumps({"id": one["id"], "decision": one["expected"]}) for one in lines]
        made.write_text("\n".join(text))
        asked = ("agree", str(made), "--split", "by-category", "--price-cloud", "4")
        told = json.loads(run(*asked, "--price-local", "1").stdout)
        assert (told["accuracy"], set(told["by_language"].values())) == (1.0, {1.0})
        assert told["cost_saved"] == pytest.approx(0.375)
        assert told["interval_95"]["accuracy"] == [1.0, 1.0]
        assert run("agree", str(made), "--price-local", "2").returncode == 1
        assert set(told["baselines"]) == {"always_local", "always_cloud", "length_only"}
        made.write_text("\n".join([text[0], *text]))
        refused = run("agree", str(made))
        assert refused.returncode == 1
        assert "line 2" in refused.stderr
        assert "decided twice" in refused.stderr

    def test_counts(self) -> None:
        told = json.loads(run("counts").stdout)
        assert told["questions"] == sum(told["by_category"].values()) == len(QUESTIONS)
