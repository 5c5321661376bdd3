"""The base class of the sections of a configuration."""

from pydantic import BaseModel, ConfigDict


class Section(BaseModel):
    """Keys that are checked: unknown ones are refused, and none can be changed later."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=True, ser_json_inf_nan="constants")
