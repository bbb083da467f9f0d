# syntax=docker/dockerfile:1
# For a processor:     docker build -t attune .
# For an NVIDIA card:  docker build -t attune --build-arg TORCH_INDEX=https://download.pytorch.org/whl/cu130 .
# To run:              docker run --rm -p 127.0.0.1:8501:8501 -v attune-data:/data attune

FROM python:3.11-slim AS build
ARG TORCH_INDEX=https://download.pytorch.org/whl/cpu
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
WORKDIR /build
COPY requirements.txt constraints.txt ./
# torch comes first and alone, from the index that was asked for; what follows finds it installed.
RUN python -m venv /opt/venv \
 && /opt/venv/bin/pip install --index-url "${TORCH_INDEX}" torch==2.13.0 \
 && /opt/venv/bin/pip install -c constraints.txt -r requirements.txt

FROM python:3.11-slim
RUN useradd --create-home --uid 1000 attune \
 && mkdir /data \
 && chown attune:attune /data
COPY --from=build /opt/venv /opt/venv
WORKDIR /opt/attune
COPY app.py LICENSE ./
COPY .streamlit .streamlit
COPY assets assets
COPY core core
COPY pages pages
ENV PATH=/opt/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 ATTUNE_HOME=/data
USER attune
VOLUME /data
EXPOSE 8501
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s \
  CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://localhost:8501/_stcore/health', timeout=4)"]
# The address is the container's own; who may reach it is decided by -p above. Allowed hosts, no statistics and no
# tracebacks to the browser come from .streamlit/config.toml.
CMD ["streamlit", "run", "app.py", "--server.address=0.0.0.0", "--server.headless=true"]
