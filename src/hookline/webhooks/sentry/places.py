"""Where a delivery belongs: organisation, project, issue and the address a person would open."""

import re

from hookline.domain.frozen import frozen
from hookline.webhooks.sentry.payloads import (
    EventField,
    InstallationField,
    IssueField,
    MetricAlertData,
)

ADDRESS_LIMIT = 2_000

_ORGANIZATION = re.compile(r"/organizations/([\w.-]{1,100})/|/api/0/projects/([\w.-]{1,100})/", re.ASCII)
_CUSTOMER_DOMAIN = re.compile(r"https://([a-z0-9-]{1,63})\.sentry\.io/(?:issues|alerts|monitors)/", re.ASCII)
_PROJECT = re.compile(r"/api/0/projects/[\w.-]{1,100}/([\w.-]{1,100})/", re.ASCII)
_ISSUE = re.compile(r"/issues/([\w-]{1,100})/?$", re.ASCII)


@frozen
class Site:
    """The organisation's slug and the project's slug or id, as far as a delivery tells."""

    organization: str | None = None
    project: str | None = None


def site_of_issue(issue: IssueField) -> Site:
    """Read the site from an issue's addresses and its project."""
    project = issue.project
    return Site(
        organization_in(issue.web_url, issue.permalink, issue.url),
        (project.slug or project.id) if project else None,
    )


def site_of_event(event: EventField) -> Site:
    """Read the site from an event's addresses; an event names its project by id only."""
    return Site(
        organization_in(event.url, event.web_url, event.issue_url),
        _first_group(_PROJECT, event.url) or event.project,
    )


def site_of_metric_alert(data: MetricAlertData) -> Site:
    """Read the site from the alert's address; a project only where there is exactly one."""
    projects = data.metric_alert.projects or ()
    return Site(organization_in(data.web_url), projects[0] if len(projects) == 1 else None)


def lane_place(site: Site, installation: InstallationField | None, fallback: str) -> str:
    """The place of the lane: organisation or installation, and the project where it is known."""
    named = installation.organization.slug if installation and installation.organization else None
    uuid = installation.uuid if installation else None
    owner = named or site.organization or uuid or fallback
    return f"{owner}/{site.project}" if site.project else owner


def issue_id_of(event: EventField) -> str | None:
    """The issue of an event: the field, or the tail of the issue's address in its absence."""
    return event.issue_id or _first_group(_ISSUE, event.issue_url)


def organization_in(*addresses: str | None) -> str | None:
    """The organisation's slug in the first address that has one, in its path or as customer domain."""
    for address in addresses:
        found = _first_group(_ORGANIZATION, address) or _first_group(_CUSTOMER_DOMAIN, address)
        if found:
            return found
    return None


def web_address(*addresses: str | None) -> str | None:
    """The first of these that is a web address of bearable length."""
    for address in addresses:
        if address and address.startswith(("https://", "http://")) and len(address) <= ADDRESS_LIMIT:
            return address
    return None


def _first_group(pattern: re.Pattern[str], address: str | None) -> str | None:
    found = pattern.search(address[:ADDRESS_LIMIT]) if address else None
    return next((group for group in found.groups() if group), None) if found else None
