"""A recipe with which LLaMA-Factory trains on exported examples: its settings and their reasons."""

from collections.abc import Mapping
from typing import Any

ROOM = 512
"""Cut-off lengths are multiples of so many tokens."""

_TEXT = """\
# Supervised fine-tuning on exported examples with LLaMA-Factory:
#
#   MODEL_PATH=Qwen/Qwen2.5-7B-Instruct
#   llamafactory-cli train llamafactory_sft.yaml model_name_or_path=$MODEL_PATH dataset_dir={folder}
#
# The learning rate is the paper's (SkillRL, arXiv 2602.08234). It names neither batch size nor epochs: those
# below are usual ones. The result is what GRPO starts from, and what its KL term refers to.

### model
model_name_or_path: Qwen/Qwen2.5-7B-Instruct
trust_remote_code: false

### method
stage: sft
do_train: true
finetuning_type: full
# Several GPUs: deepspeed: examples/deepspeed/ds_z3_config.json (a file of LLaMA-Factory's repository).
# One small GPU: finetuning_type: lora, with lora_rank: 16 and lora_target: all.

### dataset
dataset_dir: {folder}
dataset: {dataset}
{validation}# The template must be the model's own: under another one a policy reads its prompts wrongly.
template: qwen
# LLaMA-Factory cuts what is longer, without a word{longest}.
cutoff_len: {cutoff}
# Only replies are learnt. In a conversation that is every reply: those that must not be are not in the file.
train_on_prompt: false
mask_history: false
packing: false

### training
learning_rate: 1.0e-4
lr_scheduler_type: cosine
warmup_ratio: 0.03
num_train_epochs: 3.0
per_device_train_batch_size: 1
gradient_accumulation_steps: 16
gradient_checkpointing: true
bf16: true
seed: 0

### output
output_dir: saves/skill-gym-sft
logging_steps: 10
save_strategy: epoch
save_only_model: true
plot_loss: true
report_to: none
{evaluation}"""


def recipe(
    datasets: Mapping[str, Any] | None = None, *, folder: str = ".", longest: int | None = None
) -> str:
    """The recipe's YAML text.

    Args:
        datasets: ``dataset_info.json``; the first set is trained on, its validation set evaluated on. None
            for the names that ``skill-gym export`` gives.
        folder: Where they lie.
        longest: Tokens of the longest example, None where no tokenizer has counted them.
    """
    usual = ("skill_gym_sharegpt", "skill_gym_sharegpt_validation")
    names = usual if datasets is None else tuple(datasets)
    training = next(name for name in names if not name.endswith("_validation"))
    validation = f"{training}_validation" if f"{training}_validation" in names else None
    told = "" if longest is None else f"; the longest example here has {longest} tokens"
    return _TEXT.format(
        folder=folder,
        dataset=training,
        validation="" if validation is None else f"eval_dataset: {validation}\n",
        longest=told,
        # The template adds a few tokens of its own.
        cutoff=8192 if longest is None else ROOM * (longest // ROOM + 2),
        evaluation=""
        if validation is None
        else "\n### evaluation\nper_device_eval_batch_size: 1\neval_strategy: epoch\n",
    )
