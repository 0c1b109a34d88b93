"""What the teacher without a model says about episodes in the shop."""

from skill_gym.skillbanks.lessons import Lessons
from skill_gym.skillbanks.shop_advice import SHOP_ADVICE, SHOP_PURPOSES
from skill_gym.skillbanks.shop_diagnosis import ShopCause, diagnose_visit

SHOP_LESSONS = Lessons(
    diagnose=diagnose_visit,
    advice={cause: SHOP_ADVICE[cause] for cause in ShopCause},
    purposes=SHOP_PURPOSES,
    any_purpose="what is wished",
)
"""The shop's rules; advice with facts names the options concerned."""
