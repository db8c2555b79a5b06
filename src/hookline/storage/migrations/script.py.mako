<%!
import json

def statements(text):
    lines = (text or "").splitlines()
    return "\n".join(line for line in lines if not line.lstrip().startswith("#")).strip() or "pass"
%>\
<% up, down = statements(upgrades), statements(downgrades) %>\
"""${message}."""

from collections.abc import Sequence
% if "sa." in up + down or "op." in up + down:

% endif
% if "sa." in up + down:
import sqlalchemy as sa
% endif
% if "op." in up + down:
from alembic import op
% endif
% if imports:
${imports}
% endif

revision: str = ${json.dumps(up_revision)}
down_revision: str | Sequence[str] | None = ${"None" if down_revision is None else json.dumps(down_revision)}
branch_labels: str | Sequence[str] | None = ${"None" if branch_labels is None else json.dumps(branch_labels)}
depends_on: str | Sequence[str] | None = ${"None" if depends_on is None else json.dumps(depends_on)}


def upgrade() -> None:
    ${up}


def downgrade() -> None:
    ${down}
