"""An independent auditor of gridpact run folders: it shares no code with the package that writes them."""

from gridpact_audit.audit import UnreadableFolderError, audit
from gridpact_audit.report import AuditReport, Check, Problem
from gridpact_audit.rulebook import RulesUnreadableError

__all__ = ["AuditReport", "Check", "Problem", "RulesUnreadableError", "UnreadableFolderError", "audit"]
