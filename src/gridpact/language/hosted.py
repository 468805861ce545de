"""Lines to models that speak the interfaces of Gemini, OpenAI (chat completions) and Anthropic, by pydantic-ai.

Imported only where such a model is used. Retries of the providers' own clients are off: `Broker` has them all.
"""

import logging
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic_ai import exceptions as ai
from pydantic_ai.direct import model_request
from pydantic_ai.messages import ModelMessage, ModelRequest, ModelResponse, TextPart, ToolCallPart, UserPromptPart
from pydantic_ai.models import Model, ModelRequestParameters
from pydantic_ai.output import OutputObjectDefinition
from pydantic_ai.settings import ModelSettings
from pydantic_ai.tools import ToolDefinition

from gridpact.language.closed import closed_schema
from gridpact.language.limits import Limits
from gridpact.language.line import Answer, Finish, TroubleError, Turn
from gridpact.language.prompts import user_prompt
from gridpact.language.questions import Failure, Question
from gridpact.language.transport import CompressedReplyError, ReplyTooLargeError, open_client

THINKING_TOKENS = 2_048
"""Added to the limit of models that think before they answer and cannot be told not to."""
SEED = 0
_TALKATIVE = ("anthropic", "google_genai", "httpcore2", "httpx2", "openai")
"""Loggers that write questions and answers down below the level of warnings."""
_TOOL = "reply"


class HostedLine:
    """One model behind an HTTP interface."""

    def __init__(
        self,
        provider: str,
        model: str,
        *,
        key: str,
        base_url: str,
        limits: Limits,
        body: dict[str, Any] | None = None,
    ) -> None:
        """Prepare a line; nothing is sent yet.

        Args:
            provider: ``gemini``, ``openai`` or ``anthropic``.
            model: its name for the model.
            key: what the provider knows the user by.
            base_url: where it listens.
            limits: of time and size.
            body: further fields of every request.
        """
        for name in _TALKATIVE:
            logger = logging.getLogger(name)
            logger.setLevel(max(logger.level, logging.WARNING))
        self._client = open_client(
            base_url, most_bytes=limits.reply_bytes, timeout_s=limits.timeout_s, connections=limits.in_flight
        )
        self._model = _model(provider, model, key=key, base_url=base_url, client=self._client)
        profile: Mapping[str, Any] = self._model.profile
        self._native = bool(profile.get("supports_json_schema_output", False))
        thinks = _thinks_always(profile)
        self.extra_tokens = THINKING_TOKENS if thinks else 0
        self._settings = ModelSettings(timeout=limits.timeout_s, max_retries=0, thinking=False)
        if not (thinks and provider == "openai") and not profile.get("anthropic_disallows_sampling_settings", False):
            self._settings["temperature"] = 0.0
        if provider != "anthropic":
            self._settings["seed"] = SEED
        if body:
            self._settings["extra_body"] = body

    async def send(self, question: Question, turns: Sequence[Turn]) -> Answer:
        """See `Line.send`."""
        schema = closed_schema(question.reply)
        settings = self._settings.copy()
        settings["max_tokens"] = question.most_tokens + self.extra_tokens
        try:
            response = await model_request(
                self._model,
                _messages(question, turns),
                model_settings=settings,
                model_request_parameters=self._parameters(question, schema),
                instrument=False,
            )
        except Exception as problem:
            raise trouble_of(problem) from None
        return _answer(response)

    async def close(self) -> None:
        """Close connections."""
        await self._client.aclose()

    def _parameters(self, question: Question, schema: dict[str, Any]) -> ModelRequestParameters:
        if self._native:
            definition = OutputObjectDefinition(json_schema=schema, name=question.reply.__name__)
            return ModelRequestParameters(output_mode="native", output_object=definition, allow_text_output=True)
        tool = ToolDefinition(name=_TOOL, description="Gives the reply.", parameters_json_schema=schema, kind="output")
        return ModelRequestParameters(output_mode="tool", output_tools=[tool], allow_text_output=False)


def _model(provider: str, model: str, *, key: str, base_url: str, client: Any) -> Model[Any]:
    match provider:
        case "gemini":
            from pydantic_ai.models.google import GoogleModel
            from pydantic_ai.providers.google import GoogleProvider

            return GoogleModel(model, provider=GoogleProvider(api_key=key, base_url=base_url, http_client=client))
        case "openai":
            from pydantic_ai.models.openai import OpenAIChatModel
            from pydantic_ai.providers.openai import OpenAIProvider

            return OpenAIChatModel(model, provider=OpenAIProvider(api_key=key, base_url=base_url, http_client=client))
        case "anthropic":
            from pydantic_ai.models.anthropic import AnthropicModel
            from pydantic_ai.providers.anthropic import AnthropicProvider

            return AnthropicModel(model, provider=AnthropicProvider(api_key=key, base_url=base_url, http_client=client))
        case _:
            raise ValueError(provider)


def _thinks_always(profile: Mapping[str, Any]) -> bool:
    """Whether a model thinks before it answers whatever it is told."""
    if profile.get("thinking_always_enabled", False):
        return True
    efforts = profile.get("openai_reasoning_efforts")
    without = profile.get("openai_supports_reasoning_effort_none", False) if efforts is None else "none" in efforts
    return bool(profile.get("openai_supports_reasoning", False)) and not without


def _messages(question: Question, turns: Sequence[Turn]) -> list[ModelMessage]:
    found: list[ModelMessage] = [
        ModelRequest(parts=[UserPromptPart(content=user_prompt(question))], instructions=question.instructions)
    ]
    for turn in turns:
        found.append(ModelResponse(parts=[TextPart(content=turn.answered)]))
        found.append(ModelRequest(parts=[UserPromptPart(content=turn.said)], instructions=question.instructions))
    return found


def _answer(response: ModelResponse) -> Answer:
    texts = [part.content for part in response.parts if isinstance(part, TextPart)]
    calls = [part.args_as_json_str() for part in response.parts if isinstance(part, ToolCallPart)]
    finish = {"length": Finish.CUT, "content_filter": Finish.WITHHELD}.get(response.finish_reason or "", Finish.DONE)
    usage = response.usage
    return Answer(
        text=calls[0] if calls else "".join(texts),
        tokens_in=max(0, usage.input_tokens),
        tokens_out=max(0, usage.output_tokens),
        finish=finish,
    )


def trouble_of(problem: Exception) -> TroubleError:
    """What an exception of a provider's client says, in our words."""
    chain = _chain(problem)
    if any(isinstance(each, ReplyTooLargeError) for each in chain):
        return TroubleError(Failure.TOO_LARGE, "the answer has too many bytes", charged=True)
    if any(isinstance(each, CompressedReplyError) for each in chain):
        return TroubleError(Failure.PROVIDER, "the answer is compressed, which was not asked for", charged=True)
    what = type(chain[-1]).__name__
    after = getattr(problem, "retry_after", None)
    if isinstance(problem, ai.ModelTimeoutError | ai.ModelRequestTimeout | TimeoutError):
        return TroubleError(Failure.TIMEOUT, what, again=True, charged=True)
    if isinstance(problem, ai.ModelHTTPError):
        return _http_trouble(problem, after)
    if isinstance(problem, ai.ModelQuotaExceededError):
        return TroubleError(Failure.RATE_LIMIT, "the quota is used up")
    if isinstance(problem, ai.ModelRateLimitError):
        return TroubleError(Failure.RATE_LIMIT, what, again=True, after_s=after)
    if isinstance(problem, ai.ModelRequestRejectedError | ai.ContentFilterError):
        return TroubleError(Failure.REFUSED, what, charged=isinstance(problem, ai.ContentFilterError))
    if isinstance(problem, ai.ModelConnectionError):
        unsent = any(type(each).__name__.startswith("Connect") for each in chain)
        return TroubleError(Failure.CONNECTION, what, again=True, charged=not unsent)
    if isinstance(problem, ai.ModelAPIError):
        return TroubleError(Failure.PROVIDER, what, again=True, after_s=after, charged=True)
    return TroubleError(Failure.PROVIDER, what, charged=True)


def _http_trouble(problem: ai.ModelHTTPError, after_s: float | None) -> TroubleError:
    status = problem.status_code
    detail = f"HTTP {status}"
    if isinstance(problem, ai.ModelQuotaExceededError):
        return TroubleError(Failure.RATE_LIMIT, f"{detail}: the quota is used up")
    if status == 429:
        return TroubleError(Failure.RATE_LIMIT, detail, again=True, after_s=after_s)
    if isinstance(problem, ai.ModelContextWindowExceededError):
        return TroubleError(Failure.TOO_LONG, f"{detail}: the question is longer than the model reads")
    if status in (401, 403) or isinstance(problem, ai.ModelAuthenticationError):
        return TroubleError(Failure.REFUSED, f"{detail}: the key is not accepted")
    if status == 404 or isinstance(problem, ai.ModelNotFoundError):
        return TroubleError(Failure.REFUSED, f"{detail}: no such model there")
    if status >= 500 or status in (408, 409):
        return TroubleError(Failure.PROVIDER, detail, again=True, after_s=after_s)
    return TroubleError(Failure.REFUSED if status >= 400 else Failure.PROVIDER, detail)


def _chain(problem: BaseException) -> list[BaseException]:
    found: list[BaseException] = []
    each: BaseException | None = problem
    while each is not None and each not in found and len(found) < 32:
        found.append(each)
        each = each.__cause__ or each.__context__
    return found
